/**
 * Pacer: calls so many times a second, evenly, and says when each call was due. A late call is made up for; its due time
 * stays, so that what the load itself was late counts as latency.
 */
const TICK_MS = 5;
/** Calls in one go, before the event loop has its turn. */
const BURST_MAX = 2_000;

export class Pacer {
  readonly #perMs: number;
  readonly #work: (index: number, dueAt: number) => boolean;
  readonly #startedAt = performance.timeOrigin + performance.now();
  readonly #timer: NodeJS.Timeout;
  #done = 0;

  /** @param work returns whether it takes more at present. */
  constructor(perSecond: number, work: (index: number, dueAt: number) => boolean) {
    this.#perMs = perSecond / 1_000;
    this.#work = work;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const elapsedMs = performance.timeOrigin + performance.now() - this.#startedAt;
    const due = Math.min(Math.floor(elapsedMs * this.#perMs), this.#done + BURST_MAX);
    while (this.#done < due) {
      const index = this.#done++;
      if (!this.#work(index, this.#startedAt + index / this.#perMs)) return;
    }
  }
}
