/**
 * Pauses: after one, everything has happened that waits for nothing. So it is when the real event loop has come round, and
 * between two immediates of one round too, at a fifth of the cost: hence they are asked for by the hundred.
 */

/** Whatever waits for the real event loop, such as a signal, waits for so many. */
const ROUND_PAUSES = 100;

const realSetImmediate = setImmediate;

export class Pauses {
  #left = 0;
  #resume: (() => void) | undefined;

  /** Waits for the next one. One caller at a time. */
  next(): Promise<void> {
    if (this.#left === 0) this.#beginRound();
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  #beginRound(): void {
    this.#left = ROUND_PAUSES;
    for (let count = 0; count < ROUND_PAUSES; count++) realSetImmediate(this.#onPause);
  }

  readonly #onPause = (): void => {
    this.#left -= 1;
    this.#resume?.();
    this.#resume = undefined;
  };
}
