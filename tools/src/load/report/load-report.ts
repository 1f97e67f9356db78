/** The report of a load: from what its processes collected. */
import type { DirectedFaults } from '@sealane/node/testing';
import type { Collected, Storm } from '../agents/messages.ts';
import { check, type Verdict } from '../check/check.ts';
import { percentile } from '../../bench/report/statistics.ts';
import type { LoadOptions } from '../options.ts';
import type { ProcessUsage } from '../server/process-usage.ts';
import { Histogram, type Percentiles } from './histogram.ts';

/** Usage of the server's process. */
export interface ServerUsage {
  /** 100 is one core. */
  readonly cpuPercent: number;
  readonly rssMiB: number;
  readonly rssPeakMiB: number;
  /** Of its store, in all that time; undefined where they are not known. */
  readonly storeOperations: number | undefined;
}

/** How a storm ended. Times in ms. */
export interface StormReport {
  readonly cut: number;
  /** Agents that did not come back in time. */
  readonly away: number;
  readonly backP50: number;
  readonly backP99: number;
  /** Until all were back. */
  readonly backAll: number;
}

/** What was measured around the agents. */
export interface Measured {
  readonly connectSeconds: number;
  /** Time in which was published. */
  readonly seconds: number;
  readonly interrupted: boolean;
  readonly storm: StormReport | undefined;
  readonly server: ServerUsage | undefined;
}

export interface LoadReport {
  readonly event: 'load';
  readonly ok: boolean;
  readonly agents: number;
  readonly processes: number;
  readonly eventsPerSecondAsked: number;
  readonly eventBytes: number;
  readonly topics: number;
  /** Of the way to the server, with the seed; undefined where there were none. */
  readonly faults: { readonly seed: number; readonly faults: DirectedFaults } | undefined;
  readonly measured: Measured;
  readonly perSecond: { readonly published: number; readonly delivered: number; readonly replies: number };
  /** In ms. */
  readonly latencies: { readonly receipt: Percentiles; readonly delivery: Percentiles; readonly reply: Percentiles };
  readonly check: Verdict;
  readonly errors: Readonly<Record<string, number>>;
  /** Connections that were lost and attempts that failed, by why. */
  readonly connectionsLost: Readonly<Record<string, number>>;
}

const MEBIBYTE = 2 ** 20;

export function loadReport(options: LoadOptions, measured: Measured, collected: readonly Collected[]): LoadReport {
  const { agents, processes, eventsPerSecond, eventBytes, topics, faults, seed } = options;
  const verdict = check(
    collected.flatMap(({ published }) => published),
    collected.flatMap(({ delivered }) => delivered),
    topics,
  );
  const reply = merged(collected.map(({ replyLatencies }) => replyLatencies));
  const { seconds } = measured;
  return {
    event: 'load',
    ok: verdict.isClean && (measured.storm?.away ?? 0) === 0,
    agents,
    processes,
    eventsPerSecondAsked: eventsPerSecond,
    eventBytes,
    topics,
    faults: faults === undefined ? undefined : { seed, faults },
    measured,
    perSecond: {
      published: verdict.published / seconds,
      delivered: verdict.delivered / seconds,
      replies: reply.count / seconds,
    },
    latencies: {
      receipt: merged(collected.map(({ receiptLatencies }) => receiptLatencies)),
      delivery: merged(collected.map(({ deliveryLatencies }) => deliveryLatencies)),
      reply,
    },
    check: verdict,
    errors: summed(collected.flatMap(({ errors }) => errors)),
    connectionsLost: summed(collected.flatMap(({ lost }) => lost)),
  };
}

/** Between two looks at the process, so many ms apart. */
export function serverUsage({
  before,
  after,
  ms,
  storeOperations,
}: {
  readonly before: ProcessUsage;
  readonly after: ProcessUsage;
  readonly ms: number;
  readonly storeOperations: number | undefined;
}): ServerUsage {
  return {
    storeOperations,
    cpuPercent: (100 * (after.cpuMs - before.cpuMs)) / ms,
    rssMiB: after.rssBytes / MEBIBYTE,
    rssPeakMiB: after.rssPeakBytes / MEBIBYTE,
  };
}

export function stormReport({ cut, away, backMs }: Storm): StormReport {
  const [backP50, backP99, backAll] = [50, 99, 100].map((percent) => percentile(backMs, percent));
  return { cut, away, backP50: backP50 ?? 0, backP99: backP99 ?? 0, backAll: backAll ?? 0 };
}

function summed(counts: readonly (readonly [name: string, count: number])[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, count] of counts) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

function merged(counts: readonly Float64Array[]): Percentiles {
  const histogram = new Histogram();
  for (const each of counts) histogram.merge(each);
  return histogram.percentiles();
}
