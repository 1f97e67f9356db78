/** A histogram that was counted elsewhere, as prom-client shows it: the sums are made when somebody asks. */
import { Histogram as PromHistogram, type Registry } from 'prom-client';
import type { Histogram } from '../store/index.ts';

/** What a histogram holds: counts between bounds, not cumulative, the last above all bounds. */
export type CountedHistogram = Pick<Histogram, 'bounds' | 'counts' | 'sum'>;

export class HistogramMetric extends PromHistogram {
  /** One without values: everything of the answer but those. */
  readonly #empty: PromHistogram;
  readonly #name: string;
  readonly #read: () => CountedHistogram;

  constructor(options: {
    readonly name: string;
    readonly help: string;
    readonly registers: Registry[];
    readonly read: () => CountedHistogram;
  }) {
    const { name, help, registers } = options;
    super({ name, help, registers });
    this.#empty = new PromHistogram({ name, help, registers: [] });
    this.#name = name;
    this.#read = options.read;
  }

  override async get(): ReturnType<PromHistogram['get']> {
    const { bounds, counts, sum } = this.#read();
    let below = 0;
    const buckets = [...bounds, '+Inf'].map((le, index) => {
      below += counts[index] ?? 0;
      return { metricName: `${this.#name}_bucket`, labels: { le }, value: below };
    });
    const totals = [
      { metricName: `${this.#name}_sum`, labels: {}, value: sum },
      { metricName: `${this.#name}_count`, labels: {}, value: below },
    ];
    return { ...(await this.#empty.get()), values: [...buckets, ...totals] };
  }

  /** What a registry asks in place of `get`, where it is there. */
  getForPromString(): ReturnType<PromHistogram['get']> {
    return this.get();
  }
}
