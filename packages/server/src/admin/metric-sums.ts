/**
 * MetricSums: the metrics of several processes as one: counters and histograms are added, and gauges where that means
 * something (metrics.ts says which). What a process that ended had counted stays in the sums, as far as it was known: a sum
 * that falls would look like a restart of everything.
 */
import { AggregatorRegistry, type Registry } from 'prom-client';
import type { MetricFigures } from './process-questions.ts';

/** What a process told just now; undefined for one that is silent. */
export interface ToldFigures {
  readonly number: number;
  readonly pid: number;
  readonly told: readonly MetricFigures[] | undefined;
}

interface Known {
  readonly pid: number;
  readonly figures: readonly MetricFigures[];
}

/** Kinds of metrics that only grow. */
const GROWING: ReadonlySet<unknown> = new Set(['counter', 'histogram']);

export class MetricSums {
  /** What each process told last, by its number. */
  readonly #known = new Map<number, Known>();
  /** Of processes that are gone. */
  #gone: readonly MetricFigures[] = [];

  /** What processes tell now; who is silent counts with what it told last, as long as it lives. */
  async note(processes: readonly ToldFigures[]): Promise<void> {
    const gone = [...this.#known].filter(
      ([number, { pid }]) => !processes.some((each) => each.number === number && each.pid === pid),
    );
    for (const [number] of gone) this.#known.delete(number);
    for (const { number, pid, told } of processes)
      if (told !== undefined) this.#known.set(number, { pid, figures: told });
    if (gone.length === 0) return;
    const growing = gone.map(([, { figures }]) => figures.filter(({ type }) => GROWING.has(type)));
    this.#gone = await sumOf([this.#gone, ...growing]).getMetricsAsJSON();
  }

  /** The text of an answer, and its media type. @param own what the primary counts itself. */
  async text(own: readonly MetricFigures[]): Promise<{ readonly type: string; readonly text: string }> {
    const living = [...this.#known.values()].map(({ figures }) => figures);
    const registry = sumOf([...living, this.#gone, own]);
    return { type: registry.contentType, text: await registry.metrics() };
  }
}

function sumOf(figures: readonly (readonly MetricFigures[])[]): Registry {
  return AggregatorRegistry.aggregate(figures.map((each) => [...each]));
}
