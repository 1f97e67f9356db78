/**
 * Metrics: what the server counts, as Prometheus reads it. Everything is read when somebody asks, from numbers that are added
 * up anyway; no agent, topic or device is a label, so the size of the answer is bounded (fault O4).
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Registry } from 'prom-client';
import { version } from '@sealane/node/cli';
import type { StoreFigures } from '../store/index.ts';
import type { Access } from './access.ts';
import type { AdminHost } from './admin-host.ts';
import { HistogramMetric, type CountedHistogram } from './histogram-metric.ts';
import { MESSAGING_COUNTERS, MESSAGING_GAUGES, messagingFigures } from './messaging-metrics.ts';
import { byName, one, type MetricDefinition, type Samples, type Scrape } from './metric-definition.ts';
import type { MetricFigures } from './process-questions.ts';
import { storeState } from './store-state.ts';

const PREFIX = 'sealane_';
const EVENT_LOOP_RESOLUTION_MS = 20;
const NANOSECONDS = 1e9;

export class Metrics {
  readonly #host: AdminHost;
  readonly #access: Access;
  readonly #registry = new Registry();
  readonly #eventLoop = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS });
  #scrape: Scrape | undefined;

  constructor(host: AdminHost, access: Access) {
    this.#host = host;
    this.#access = access;
    for (const definition of [...COUNTERS, ...MESSAGING_COUNTERS]) this.#add(Counter, definition);
    for (const definition of [...GAUGES, ...MESSAGING_GAUGES]) this.#add(Gauge, definition);
    for (const { name, help, read } of HISTOGRAMS) {
      const registers = [this.#registry];
      new HistogramMetric({ name: PREFIX + name, help, registers, read: () => read(host) });
    }
  }

  /** The text of an answer, and its media type. */
  async text(): Promise<{ readonly type: string; readonly text: string }> {
    const text = await this.#look(() => this.#registry.metrics());
    return { type: this.#registry.contentType, text };
  }

  /** The same as values, for the primary of several processes. */
  async figures(): Promise<readonly MetricFigures[]> {
    return await this.#look(() => this.#registry.getMetricsAsJSON());
  }

  close(): void {
    this.#eventLoop.disable();
  }

  async #look<Seen>(see: () => Promise<Seen>): Promise<Seen> {
    this.#eventLoop.enable();
    const { server } = this.#host;
    const counters = server.counters();
    const figures = server.delivery.store.figures();
    const messaging = await messagingFigures(server.messaging);
    this.#scrape = { counters, figures, messaging, access: this.#access, eventLoop: this.#eventLoop, host: this.#host };
    const seen = await see();
    this.#eventLoop.reset();
    return seen;
  }

  #add(kind: typeof Counter | typeof Gauge, { name, help, label, together, read }: MetricDefinition): void {
    const samples = (): Samples => (this.#scrape === undefined ? [] : read(this.#scrape));
    new kind({
      name: PREFIX + name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [this.#registry],
      aggregator: together ?? 'sum',
      collect() {
        this.reset();
        for (const [value, count] of samples()) {
          if (label === undefined || value === undefined) this.inc(count);
          else this.inc({ [label]: value }, count);
        }
      },
    });
  }
}

/** One value, as processes tell theirs (metric-sums.ts). @param name without the prefix. */
export function figure(
  name: string,
  {
    type,
    value,
    labels = {},
  }: Pick<MetricFigures, 'type'> & Partial<MetricFigures['values'][number]> & { readonly value: number },
): MetricFigures {
  const help = [...COUNTERS, ...GAUGES].find((each) => each.name === name)?.help ?? '';
  return { name: PREFIX + name, help, type, aggregator: 'sum', values: [{ value, labels }] };
}

const COUNTERS: readonly MetricDefinition[] = [
  {
    name: 'connections_refused_total',
    help: 'Connections refused before their handshake, by reason.',
    label: 'reason',
    read: ({ counters }) => byName(counters.refused),
  },
  {
    name: 'handshakes_failed_total',
    help: 'Handshakes that came to no session, by code.',
    label: 'reason',
    read: ({ counters }) => byName(counters.handshakes.failed),
  },
  {
    name: 'sessions_ended_total',
    help: 'Sessions that ended, by reason: closed, or a code of docs/errors.md.',
    label: 'reason',
    read: ({ counters }) => byName({ closed: 0, ...counters.disconnected }),
  },
  { name: 'bytes_received_total', help: 'Bytes from agents.', read: ({ counters }) => one(counters.bytesIn) },
  { name: 'bytes_sent_total', help: 'Bytes to agents.', read: ({ counters }) => one(counters.bytesOut) },
  {
    name: 'messages_published_total',
    help: 'Events that were published, by what became of them.',
    label: 'result',
    read: ({ counters: { events } }) => [
      ['stored', events.published.stored],
      ['duplicate', events.published.duplicates],
      ...byName(events.refused),
    ],
  },
  {
    name: 'messages_delivered_total',
    help: 'Deliveries of events to agents, repetitions included.',
    read: ({ counters }) => one(counters.events.delivered),
  },
  {
    name: 'messages_redelivered_total',
    help: 'Deliveries of events that were repetitions.',
    read: ({ counters }) => one(counters.events.redelivered),
  },
  {
    name: 'messages_dead_lettered_total',
    help: 'Events given up after too many failures, by the last one: the agent said so, or was silent.',
    label: 'reason',
    read: ({ counters }) => byName({ nack: 0, timeout: 0, ...counters.events.deadLettered }),
  },
  {
    name: 'acks_refused_total',
    help: 'Acks that counted for nothing, by reason.',
    label: 'reason',
    read: ({ counters }) => byName(counters.events.acksRefused),
  },
  {
    name: 'slow_consumers_disconnected_total',
    help: 'Agents cut because they did not read.',
    read: ({ counters }) => one(counters.disconnected['E_SLOW_READER'] ?? 0),
  },
  {
    name: 'rate_limited_total',
    help: 'What was told to come back later, by who said so.',
    label: 'limiter',
    read: ({ counters, access }) => [
      ['handshake-failures', counters.refused['rate'] ?? 0],
      ['early-drop', counters.refused['early-drop'] ?? 0],
      ['admin-token', access.limited],
    ],
  },
  {
    name: 'inbound_limited_total',
    help: 'What was held back because too much of all agents together was not done with, by what was done about it.',
    label: 'action',
    read: ({ counters: { inbound } }) => [
      ['paused', inbound.pauses],
      ['refused', inbound.refusals],
      ['cut', inbound.cuts],
    ],
  },
  {
    name: 'node_messages_dropped_total',
    help: 'Messages of other nodes about requests between agents that were dropped, by reason; only where there are other nodes.',
    label: 'reason',
    read: ({ counters }) => byName(counters.nodeMessagesDropped),
  },
  {
    name: 'store_operations_total',
    help: 'Operations handed to the engine behind the store.',
    read: ({ figures }) => one(figures.operations),
  },
];

const GAUGES: readonly MetricDefinition[] = [
  {
    name: 'connections',
    help: 'Connections, by state.',
    label: 'state',
    read: ({ counters }) => byName(counters.connections),
  },
  {
    name: 'inbound_bytes',
    help: 'Bytes that came from agents and are not done with: events before their receipt, requests, streams.',
    read: ({ counters }) => one(counters.inbound.bytes),
  },
  {
    name: 'relays',
    help: 'Requests from agent to agent that wait for their answer, by where their asker is.',
    label: 'asker',
    read: ({ counters }) => [
      ['here', counters.relaysUnderWay],
      ['other-node', counters.relaysServed],
    ],
  },
  { name: 'processes', help: 'Processes that serve agents.', read: () => one(1) },
  {
    name: 'queue_depth',
    help: 'Events that wait, in all queues.',
    together: 'max',
    read: ({ figures }) => one(figures.waiting),
  },
  {
    name: 'queues',
    help: 'Queues of agents, subscriptions and groups.',
    together: 'max',
    read: ({ figures }) => one(figures.queues),
  },
  {
    name: 'dead_letters',
    help: 'Dead letters that are kept.',
    together: 'max',
    read: ({ figures }) => one(figures.deadLetters),
  },
  {
    name: 'store_ready',
    help: 'Whether the store takes events.',
    together: 'min',
    read: ({ host }) => one(Number(storeState(host.server.delivery.health).isReady)),
  },
  {
    name: 'store_durable',
    help: 'Whether receipts mean that events are on disk.',
    together: 'min',
    read: ({ host }) => one(Number(host.server.delivery.health.durability === 'durable')),
  },
  {
    name: 'store_bytes',
    help: 'Bytes that the store takes.',
    together: 'max',
    read: ({ figures }) => one(figures.bytes),
  },
  {
    name: 'disk_free_bytes',
    help: 'Free bytes where the store is.',
    together: 'min',
    read: ({ figures }) => (figures.freeDiskBytes === undefined ? [] : one(figures.freeDiskBytes)),
  },
  {
    name: 'disk_floor_blocked',
    help: 'Whether producers are refused because the disk is nearly full.',
    together: 'max',
    read: ({ host }) => one(Number(storeState(host.server.delivery.health).isBlockedByDisk)),
  },
  {
    name: 'eventloop_delay_seconds',
    help: 'How late the event loop was since the last scrape.',
    together: 'max',
    label: 'quantile',
    read: ({ eventLoop }) =>
      [50, 90, 99].map((percentile) => [String(percentile / 100), eventLoop.percentile(percentile) / NANOSECONDS]),
  },
  {
    name: 'redis_up',
    help: 'Whether Redis answers; only where events are kept there.',
    together: 'min',
    read: ({ host: { server } }) =>
      server.delivery.store.kind === 'redis' ? one(Number(!server.delivery.health.reasons.includes('redis-down'))) : [],
  },
  {
    name: 'build_info',
    help: 'The version that runs.',
    label: 'version',
    together: 'first',
    read: () => [[version, 1]],
  },
  {
    name: 'process_resident_memory_bytes',
    help: 'Memory of the process.',
    read: () => one(process.memoryUsage.rss()),
  },
  { name: 'nodejs_heap_size_used_bytes', help: 'Heap in use.', read: () => one(process.memoryUsage().heapUsed) },
];

const HISTOGRAMS: readonly {
  readonly name: string;
  readonly help: string;
  readonly read: (host: AdminHost) => CountedHistogram;
}[] = [
  {
    name: 'handshake_duration_seconds',
    help: 'From the first byte of a connection to its session.',
    read: ({ server }) => server.handshakeSeconds,
  },
  {
    name: 'publish_ack_duration_seconds',
    help: 'From the arrival of an event to its receipt.',
    read: ({ server }) => server.delivery.counters.publishSeconds,
  },
  {
    name: 'delivery_lag_seconds',
    help: 'From the publishing of an event to a delivery of it.',
    read: ({ server }) => server.delivery.counters.lagSeconds,
  },
  {
    name: 'store_commit_duration_seconds',
    help: 'How long commits of the store take.',
    read: ({ server }) => commitHistogram(server.delivery.store.figures()),
  },
];

/** A store that keeps only the sum of its commits has one bucket. */
function commitHistogram({ commitHistogram: counted, commits, commitSeconds }: StoreFigures): CountedHistogram {
  return counted ?? { bounds: [], counts: Float64Array.of(commits), sum: commitSeconds };
}
