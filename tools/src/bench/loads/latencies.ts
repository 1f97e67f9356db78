/**
 * Latencies: a bounded store of samples in µs; a new sample overwrites the oldest. Its memory is taken once: an array that
 * grows with the samples cost the client 1.1 µs for each, as much as a request.
 */
const SAMPLES_MAX = 1_000_000;

export class Latencies {
  readonly #samples = new Float64Array(SAMPLES_MAX);
  #added = 0;

  add(microseconds: number): void {
    this.#samples[this.#added % SAMPLES_MAX] = microseconds;
    this.#added += 1;
  }

  /** What was stored since the last call. */
  take(): Float64Array {
    const samples = this.#samples.slice(0, Math.min(this.#added, SAMPLES_MAX));
    this.#added = 0;
    return samples;
  }
}
