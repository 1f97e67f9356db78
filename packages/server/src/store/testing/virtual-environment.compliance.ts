/** VirtualEnvironment: the `StoreEnvironment` of stores under test. */
import type { StoreEnvironment } from '../environment.ts';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Timers up to this long also run by themselves, so that whoever waits for a commit is not stuck. */
const REAL_MS_MAX = 100;

/**
 * A virtual clock with its timers, and a random source that gives the same every time. `advance` moves the clock;
 * timers of up to 100 ms also run by themselves.
 */
export class VirtualEnvironment implements StoreEnvironment {
  #now = 1_750_000_000_000;
  #random = 7;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  random(size: number): Uint8Array {
    return Uint8Array.from({ length: size }, () => (this.#random = (this.#random * 48_271) % 2_147_483_647) & 0xff);
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.add(timer);
    if (delayMs <= REAL_MS_MAX) setTimeout(() => this.#timers.delete(timer) && callback(), delayMs);
    return () => void this.#timers.delete(timer);
  }

  /** Moves the clock on; timers run at their time, and what they began comes to its end. */
  async advance(ms: number): Promise<void> {
    await settleTurns();
    const end = this.#now + ms;
    for (let next = this.#first(end); next !== undefined; next = this.#first(end)) {
      this.#now = Math.max(this.#now, next.at);
      this.#timers.delete(next);
      next.callback();
      await settleTurns();
    }
    this.#now = end;
    await settleTurns();
  }

  #first(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers)
      if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer;
    return first;
  }
}

/** Lets everything run that waits for no timer. */
export async function settleTurns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
