/**
 * A run of random faults over the delivery engine: cuts, lost acks, nacks, time-outs, take-overs, sleeps, and a store that
 * crashes and loses what it had not committed. One seed is one run. Not part of the product.
 */
import type { Event } from '@sealane/shared/packets';
import { Checker } from './checker.ts';
import type { DeliveryWorld } from './delivery-world.ts';
import type { FakeAgent } from './fake-agent.ts';

/** Faults of one run by kind. */
export type FaultCounts = Record<string, number>;

interface Taker {
  readonly agentId: string;
  readonly topic: string | null;
  readonly group: string | null;
  readonly name: string;
  agent: FakeAgent | undefined;
  lineage: Uint8Array | null;
  /** Sequences that it is done with. */
  readonly done: Set<number>;
}

interface Outbox {
  readonly agentId: string;
  agent: FakeAgent | undefined;
  last: number;
  /** Events without a receipt: their numbers and addresses. */
  readonly waiting: Map<number, { to: string; ttlMs: number; relaxed: boolean }>;
}

const ADDRESSES = ['agent:direct', 'topic:a.b', 'topic:a.c.d', 'topic:work', 'topic:nobody'];

export class RandomFaults {
  readonly checker = new Checker();
  readonly faults: FaultCounts = {};
  readonly #world: DeliveryWorld;
  readonly #random: () => number;
  readonly #takers: Taker[];
  readonly #outboxes: Outbox[];
  /** Set for the end of a run: everybody acks everything. */
  #isCalm = false;

  constructor(world: DeliveryWorld) {
    this.#world = world;
    this.#random = world.environment.random;
    this.#takers = [
      taker('direct', null, null),
      taker('topical', 'a.>', null),
      taker('member-1', 'work', 'crew'),
      taker('member-2', 'work', 'crew'),
    ];
    this.#outboxes = ['pub-1', 'pub-2'].map((agentId) => ({ agentId, agent: undefined, last: 0, waiting: new Map() }));
    world.onSettled = (spec, sequences) => {
      const name = spec.kind === 'agent' ? 'direct' : spec.kind === 'group' ? 'crew' : 'topical';
      for (const sequence of sequences) this.checker.acked(name, sequence);
    };
  }

  get faultCount(): number {
    return Object.values(this.faults).reduce((sum, count) => sum + count, 0);
  }

  /** Does things at random until so many faults happened. */
  async run(faultsMax: number): Promise<void> {
    for (const each of this.#takers) if (each.agent === undefined) await this.#attach(each);
    // Queues get what is published once they are there.
    await this.#world.pass(1_000);
    while (this.faultCount < faultsMax && this.checker.faults.length === 0) await this.#step();
  }

  /** No more faults: everything has to come to its end. @returns what is wrong. */
  async finish(): Promise<readonly string[]> {
    this.#isCalm = true;
    for (let round = 0; round < 3; round++) {
      for (const each of this.#takers) if (each.agent !== undefined) await this.#cut(each);
      for (const each of this.#takers) await this.#attach(each);
      for (const each of this.#outboxes) await this.#reopen(each);
      await this.#world.pass(200_000);
    }
    const before = this.#world.counters.delivered;
    await this.#world.pass(600_000);
    if (this.#world.counters.delivered !== before) this.checker.faults.push('it is not quiet at the end');
    for (const { agentId, waiting } of this.#outboxes)
      if (waiting.size > 0) this.checker.faults.push(`${agentId} has ${String(waiting.size)} events without a receipt`);
    return this.checker.finish((name, to) =>
      name === 'direct' ? to === 'agent:direct' : name === 'crew' ? to === 'topic:work' : to.startsWith('topic:a.'),
    );
  }

  async #step(): Promise<void> {
    const dice = this.#random();
    const each = this.#pick(this.#takers);
    const outbox = this.#pick(this.#outboxes);
    if (dice < 0.45) await this.#publish(outbox);
    else if (dice < 0.6) await this.#world.pass(this.#random() * 4_000);
    else if (dice < 0.72)
      await (each.agent === undefined ? this.#attach(each) : this.#fault('cut', () => this.#cut(each)));
    else if (dice < 0.76) await this.#fault('take-over', () => this.#takeOver(each));
    else if (dice < 0.82) await this.#fault('outbox cut', () => this.#reopen(outbox));
    else if (dice < 0.84) await this.#fault('sleep', () => this.#world.environment.sleep(this.#random() * 60_000));
    else if (dice < 0.86) await this.#fault('bogus ack', () => this.#bogus(each));
    else if (dice < 0.87) await this.#fault('crash', () => this.#crash());
    else await this.#world.settle();
  }

  async #fault(kind: string, run: () => Promise<void>): Promise<void> {
    this.faults[kind] = (this.faults[kind] ?? 0) + 1;
    await run();
  }

  async #publish(outbox: Outbox): Promise<void> {
    if (outbox.agent === undefined) await this.#reopen(outbox);
    const count = 1 + Math.floor(this.#random() * 8);
    for (let index = 0; index < count; index++) {
      const number = (outbox.last += 1);
      const ttlMs = this.#random() < 0.05 ? 1 + Math.floor(this.#random() * 20_000) : 0;
      outbox.waiting.set(number, { to: this.#pick(ADDRESSES), ttlMs, relaxed: this.#random() < 0.1 });
      this.#send(outbox, number);
    }
    if (this.#random() < 0.7) await this.#world.settle();
  }

  #send(outbox: Outbox, number: number): void {
    const event = outbox.waiting.get(number);
    if (event === undefined || outbox.agent === undefined) return;
    const body = `${outbox.agentId} says ${String(number)}`;
    const eventId = `${outbox.agentId}-${String(number)}`;
    this.checker.published(eventId, event.to, body);
    const settledNumber = Math.min(...outbox.waiting.keys()) - 1;
    outbox.agent.publish(number, event.to, { ...event, eventId, settledNumber, body: new TextEncoder().encode(body) });
  }

  async #reopen(outbox: Outbox): Promise<void> {
    if (outbox.agent !== undefined) await this.#world.cut(outbox.agent);
    const agent = await this.#world.connect(outbox.agentId);
    outbox.agent = agent;
    agent.openProducer(1, outbox.agentId);
    agent.onReceipt = ({ number, count, code }) => {
      if (code !== 0) this.checker.faults.push(`event ${String(number)} was refused with ${String(code)}`);
      for (let each = number; each < number + count; each++) {
        const event = outbox.waiting.get(each);
        outbox.waiting.delete(each);
        if (event?.ttlMs === 0 && !event.relaxed) this.checker.receipted(`${outbox.agentId}-${String(each)}`);
      }
    };
    for (const number of outbox.waiting.keys()) this.#send(outbox, number);
    await this.#world.settle();
  }

  async #attach(each: Taker): Promise<void> {
    const agent = await this.#world.connect(each.agentId);
    each.agent = agent;
    agent.onSubscribed = ({ lineage }) => {
      each.lineage = lineage;
    };
    agent.onEvent = (event) => this.#onEvent(each, agent, event);
    agent.onSkipped = (skipped) => {
      this.checker.skipped(each.name, skipped);
      for (let sequence = skipped.from; sequence <= skipped.to; sequence++) each.done.add(sequence);
      if (this.#keeps()) queueMicrotask(() => agent.seen(skipped));
    };
    const windowEvents = 1 + Math.floor(this.#random() * 40);
    const { topic, group, lineage } = each;
    agent.subscribe(topic, { group, windowEvents, ackWaitMs: 2_000, lineage, ...cursorOf(each.done) });
    await this.#world.settle();
  }

  async #cut(each: Taker): Promise<void> {
    const { agent } = each;
    each.agent = undefined;
    if (agent !== undefined) await this.#world.cut(agent);
  }

  async #takeOver(each: Taker): Promise<void> {
    const before = each.agent;
    await this.#attach(each);
    if (before !== undefined) await this.#world.cut(before);
  }

  async #bogus(each: Taker): Promise<void> {
    const sequence = 1 + Math.floor(this.#random() * 1_000_000);
    each.agent?.ack({ subscription: 1, sequence: sequence + 1_000_000, attempt: 1 });
    each.agent?.ack({ subscription: 2, sequence, attempt: 1 });
    await this.#world.settle();
  }

  async #crash(): Promise<void> {
    this.checker.crashed();
    await this.#world.crash();
    for (const each of this.#takers) each.agent = undefined;
    for (const outbox of this.#outboxes) outbox.agent = undefined;
    for (const each of this.#takers) if (this.#random() < 0.7) await this.#attach(each);
  }

  #onEvent(each: Taker, agent: FakeAgent, event: Event): void {
    this.checker.delivered(each.name, event);
    const answer = (run: () => void): void => {
      if (this.#random() < 0.8) queueMicrotask(run);
      else this.#world.environment.schedule(this.#random() * 3_000, run);
    };
    if (this.#keeps() || each.done.has(event.sequence)) {
      this.#done(each, event);
      answer(() => agent.ack(event));
      return;
    }
    const dice = this.#random();
    const kind = dice < 0.4 ? 'nack' : dice < 0.7 ? 'lost ack' : dice < 0.85 ? 'no ack' : 'progress';
    this.faults[kind] = (this.faults[kind] ?? 0) + 1;
    if (kind === 'nack') answer(() => agent.nack(event));
    else if (kind === 'lost ack') this.#done(each, event);
    else if (kind === 'progress') answer(() => agent.progress(event));
  }

  #done(each: Taker, { sequence }: Event): void {
    each.done.add(sequence);
    this.checker.done(each.name, sequence);
  }

  /** Whether an agent does what it should. */
  #keeps(): boolean {
    return this.#isCalm || this.#random() < 0.7;
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)]!;
  }
}

function taker(agentId: string, topic: string | null, group: string | null): Taker {
  return { agentId, topic, group, name: group ?? agentId, agent: undefined, lineage: null, done: new Set() };
}

/** What an agent says at Subscribe that it is done with. */
function cursorOf(done: ReadonlySet<number>): { cursor: number; doneBitmap: Uint8Array } {
  let cursor = 0;
  while (done.has(cursor + 1)) cursor += 1;
  const doneBitmap = new Uint8Array(64);
  for (const sequence of done) {
    const bit = sequence - cursor - 1;
    if (bit >= 0 && bit < 512) doneBitmap[bit >> 3]! |= 1 << (bit & 7);
  }
  return { cursor, doneBitmap };
}
