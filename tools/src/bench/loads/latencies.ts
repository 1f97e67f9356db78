/** Latencies: a bounded store of samples in µs; a new sample overwrites the oldest. */
export class Latencies {
  static readonly #SAMPLES_MAX = 1_000_000;
  #samples: number[] = [];
  #next = 0;

  add(microseconds: number): void {
    this.#samples[this.#next] = microseconds;
    this.#next = (this.#next + 1) % Latencies.#SAMPLES_MAX;
  }

  /** What was stored since the last call. */
  take(): number[] {
    const samples = this.#samples;
    this.#samples = [];
    this.#next = 0;
    return samples;
  }
}
