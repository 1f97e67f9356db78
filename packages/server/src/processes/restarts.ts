/**
 * Restarts: when a process that ended is started again, and when it is given up (fault S9): at once the first time, then after
 * a time that doubles, and not at all once it has ended early several times in a row.
 */

/** A process that lived this long ended for another reason than the ones before. */
export const EARLY_END_MS = 10_000;
/** Early ends in a row after which starting it again helps nobody. */
export const EARLY_ENDS_MAX = 6;

const DELAY_MS_MIN = 250;
const DELAY_MS_MAX = 10_000;

export class Restarts {
  /** Ends without having been asked, since the start. */
  count = 0;
  #early = 0;

  /** @returns in how many ms it is to be started again; undefined when it is given up. */
  onEnd(livedMs: number): number | undefined {
    this.count += 1;
    this.#early = livedMs < EARLY_END_MS ? this.#early + 1 : 0;
    if (this.#early >= EARLY_ENDS_MAX) return undefined;
    if (this.#early === 0) return 0;
    return Math.min(DELAY_MS_MIN * 2 ** (this.#early - 1), DELAY_MS_MAX);
  }
}
