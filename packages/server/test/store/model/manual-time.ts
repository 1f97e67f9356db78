/** A clock that moves when a test says so; timers run in order of their times, each to the end of what it began. */
import type { StoreEnvironment } from '../../../src/store/index.ts';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

export class ManualTime implements StoreEnvironment {
  #now = 1_750_000_000_000;
  #seed = 7;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  random(size: number): Uint8Array {
    return Uint8Array.from({ length: size }, () => (this.#seed = (this.#seed * 48_271) % 2_147_483_647) & 0xff);
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await turn();
    for (let next = this.#first(end); next !== undefined; next = this.#first(end)) {
      this.#now = Math.max(this.#now, next.at);
      this.#timers.delete(next);
      next.callback();
      await turn();
    }
    this.#now = end;
  }

  /** Timers of a store that is gone do not matter to the next one. */
  forget(): void {
    this.#timers.clear();
  }

  #first(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (timer.at <= end && timer.at < (first?.at ?? Infinity)) first = timer;
    return first;
  }
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
