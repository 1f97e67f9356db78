/**
 * Durable events from producers to readers: published, stored, delivered and acked. The first connections produce, the
 * others read, and the events go to them in turn. Either so many are under way at once, or so many are due each second:
 * then latency counts from the moment at which an event was due.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../contenders/index.ts';
import { Latencies } from './latencies.ts';
import { need, type DeliverPlan, type Load, type LoadContext } from './load.ts';

type Publish = NonNullable<Connection['publish']>;

const TICK_MS = 2;
const DUE_AT_BYTES = 8;
/** What is under way when a load stops has so long to arrive. */
const ARRIVE_MS_MAX = 30_000;

/** Readers read from their first load on; later loads of the same connections find them reading. */
const reading = new WeakSet<Connection>();
let current: ((body: Uint8Array) => void) | undefined;

export function startDeliver({ connections }: LoadContext, plan: DeliverPlan): Load {
  const deliveries = new Deliveries(connections, plan);
  const running = deliveries.run();
  return {
    done: () => deliveries.done,
    takeLatencies: () => deliveries.latencies.take(),
    finished: running,
    async stop() {
      await deliveries.stop();
      await running;
    },
  };
}

class Deliveries {
  readonly latencies = new Latencies();
  done = 0;
  readonly #plan: DeliverPlan;
  readonly #readers: readonly number[];
  readonly #producers: readonly Publish[];
  readonly #connections: readonly Connection[];
  #published = 0;
  #isStopped = false;

  constructor(connections: readonly Connection[], plan: DeliverPlan) {
    this.#plan = plan;
    this.#connections = connections;
    this.#producers = connections.slice(0, plan.producers).map(({ publish }) => need(publish, 'publish'));
    this.#readers = connections.slice(plan.producers).map(({ reader }) => need(reader, 'reader'));
  }

  async run(): Promise<void> {
    const { producers, inFlight, perSecond } = this.#plan;
    current = (body) => this.#onEvent(body);
    await Promise.all(this.#connections.slice(producers).map(startReading));
    if (perSecond > 0) await this.#runPaced(perSecond / 1_000);
    else for (let count = 0; count < inFlight; count++) this.#publish(performance.now());
  }

  /** @throws Error when an event does not arrive: it is lost. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const stopsAt = performance.now();
    while (this.done < this.#published) {
      if (performance.now() - stopsAt > ARRIVE_MS_MAX)
        throw new Error(`${this.#published - this.done} of ${this.#published} events did not arrive`);
      await sleep(TICK_MS);
    }
  }

  async #runPaced(perMs: number): Promise<void> {
    const startedAt = performance.now();
    while (!this.#isStopped) {
      const due = Math.floor((performance.now() - startedAt) * perMs);
      while (this.#published < due && this.#published - this.done < this.#plan.inFlight)
        this.#publish(startedAt + this.#published / perMs);
      await sleep(TICK_MS);
    }
  }

  #publish(dueAt: number): void {
    const index = this.#published++;
    const body = Buffer.alloc(this.#plan.bytes, 0x5a);
    body.writeDoubleBE(dueAt, 0);
    const reader = this.#readers[index % this.#readers.length] ?? 0;
    this.#producers[index % this.#producers.length]?.(reader, body, () => undefined);
  }

  #onEvent(body: Uint8Array): void {
    const dueAt = new DataView(body.buffer, body.byteOffset, DUE_AT_BYTES).getFloat64(0);
    this.latencies.add((performance.now() - dueAt) * 1_000);
    this.done += 1;
    if (!this.#isStopped && this.#plan.perSecond === 0) this.#publish(performance.now());
  }
}

async function startReading(connection: Connection): Promise<void> {
  if (reading.has(connection)) return;
  reading.add(connection);
  await need(connection.read, 'read')((body) => current?.(body));
}
