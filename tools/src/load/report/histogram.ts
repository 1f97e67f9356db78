/**
 * Histogram of latencies: counts in buckets of 2.2 %, so that any number of samples takes the same memory, and those of
 * several processes add up.
 */
const BUCKETS_PER_OCTAVE = 32;
/** From 1 µs to 2^32 µs, more than an hour. */
const BUCKETS = 32 * BUCKETS_PER_OCTAVE;

/** Percentiles in ms. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export class Histogram {
  /** How often a latency fell into each bucket. */
  readonly counts = new Float64Array(BUCKETS);

  add(ms: number): void {
    const bucket = ms <= 0.001 ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log2(ms * 1_000) * BUCKETS_PER_OCTAVE));
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
  }

  /** Takes the counts of another one. */
  merge(counts: Float64Array): void {
    for (const [bucket, count] of counts.entries()) this.counts[bucket] = (this.counts[bucket] ?? 0) + count;
  }

  percentiles(): Percentiles {
    const count = this.counts.reduce((sum, each) => sum + each, 0);
    return {
      count,
      p50: this.#at(count * 0.5),
      p90: this.#at(count * 0.9),
      p99: this.#at(count * 0.99),
      p999: this.#at(count * 0.999),
      max: this.#at(count),
    };
  }

  /** Upper bound of the bucket with the sample of this rank. */
  #at(rank: number): number {
    let seen = 0;
    for (const [bucket, count] of this.counts.entries()) {
      seen += count;
      if (count > 0 && seen >= rank) return 2 ** ((bucket + 1) / BUCKETS_PER_OCTAVE) / 1_000;
    }
    return 0;
  }
}
