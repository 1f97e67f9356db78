/** steadyClock: the wall clock of whatever expires (fault O3). */

/** A clock that shows less was never set, as at the start of a machine without a battery: its first setting counts at once. */
const UNSET_BEFORE = Date.UTC(2025, 0);
/** How much of the time that passes a correction may take. */
const SLEW = 0.005;

/**
 * A wall clock that does not jump. A system clock that is set a day ahead would expire what is to live for hours: so
 * the wall clock is read once, goes on with the monotonic one, and follows corrections slowly, by at most 1 ms in 200.
 *
 * @param clocks both in ms.
 * @returns the wall clock in ms, whole numbers that never go back.
 */
export function steadyClock(clocks: { readonly wall: () => number; readonly monotonic: () => number }): () => number {
  let last = clocks.monotonic();
  let at = clocks.wall();
  return () => {
    const now = clocks.monotonic();
    const passed = now - last;
    const error = clocks.wall() - (at + passed);
    if (at < UNSET_BEFORE) at = clocks.wall() - passed;
    at += passed + Math.min(Math.max(error, -SLEW * passed), SLEW * passed);
    last = now;
    return Math.floor(at);
  };
}
