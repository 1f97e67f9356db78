/** Histogram: plain additions, for what happens with every event. */

/** Bounds in seconds, from a tenth of a millisecond to a minute. */
export const SECONDS_BOUNDS: readonly number[] = [
  0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60,
];

/** How often a value fell within each of a few bounds (`bounds`, rising, each included). */
export class Histogram {
  readonly bounds: readonly number[];
  /** One more than bounds: the last counts what is above all of them. Not cumulative. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[] = SECONDS_BOUNDS) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Notes `times` values of this size. */
  observe(value: number, times = 1): void {
    let index = 0;
    while (index < this.bounds.length && value > (this.bounds[index] ?? 0)) index++;
    this.counts[index] = (this.counts[index] ?? 0) + times;
    this.sum += value * times;
  }

  /** How many values were noted. */
  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }
}
