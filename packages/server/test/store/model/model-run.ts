/**
 * Does the same to a store and to the model of it, and compares. What was not confirmed when the store crashed may be
 * gone, but only from the end: what is there afterwards has to be what the model is after some prefix of what was asked,
 * and no shorter one than what was confirmed.
 */
import { expect } from '@jest/globals';
import type { Lease, QueueItem, Settlement, Store } from '../../../src/store/index.ts';
import type { ManualTime } from './manual-time.ts';
import { NaiveStore, QUEUE_NAMES, type Change, type ModelEvent, type QueueName } from './naive-store.ts';
import { agentOf, describeItem, newEvent, PRODUCER, settlementOf, SPECS } from './store-words.ts';

export type Action =
  | { readonly kind: 'publish'; readonly count: number; readonly to: ModelEvent['to']; readonly bytes: number }
  | { readonly kind: 'delayed'; readonly to: ModelEvent['to']; readonly delayMs: number }
  | { readonly kind: 'repeat'; readonly back: number }
  | { readonly kind: 'settle'; readonly queue: QueueName; readonly what: Settlement['kind']; readonly at: number }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'reopen'; readonly queue: QueueName }
  | { readonly kind: 'redrive' | 'check' | 'close' | 'crash' };

/** How stores are made and ended. */
export interface StoreMaker {
  readonly time: ManualTime;
  create(): Promise<Store>;
  /** Ends the one that was made last. */
  crash(): Promise<void>;
}

const READ_LIMIT = 300;
/** Delayed events are due after this long at the latest. */
export const DELAY_MS_MAX = 200;

export class ModelRun {
  readonly #maker: StoreMaker;
  readonly #eventsMax: number;
  #store: Store;
  #leases = new Map<string, Lease>();
  #queueIds = new Map<QueueName, string>();
  /** The model at the last moment at which everything was confirmed, and what was asked since. */
  #base: Change[] = [];
  #changes: Change[] = [];
  #confirmed = 0;
  #model: NaiveStore;
  readonly #events: ModelEvent[] = [];
  #seen = new Map<QueueName, readonly number[]>();
  #handedTo = new Map<QueueName, number>();
  /** Rises with each store, so that answers of an old one do not count. */
  #life = 0;

  private constructor(maker: StoreMaker, eventsMax: number, store: Store) {
    this.#maker = maker;
    this.#eventsMax = eventsMax;
    this.#store = store;
    this.#model = new NaiveStore(eventsMax);
  }

  static async start(maker: StoreMaker, eventsMax: number): Promise<ModelRun> {
    const run = new ModelRun(maker, eventsMax, await maker.create());
    await run.#meet();
    return run;
  }

  async do(action: Action): Promise<void> {
    switch (action.kind) {
      case 'publish':
        for (let left = action.count; left > 0; left--) this.#publishNew(action.to, action.bytes, 0);
        return;
      case 'delayed':
        this.#publishNew(action.to, 10, this.#maker.time.now() + action.delayMs);
        return;
      case 'repeat': {
        const event = this.#events.at(-1 - (action.back % Math.max(1, this.#events.length)));
        if (event !== undefined) this.#publish(event);
        return;
      }
      case 'settle':
        this.#settle(action.queue, action.what, action.at);
        return;
      case 'advance':
        await this.#advance(action.ms);
        return;
      case 'reopen':
        await this.#reopen(action.queue);
        return;
      case 'redrive':
        await this.#redrive();
        return;
      case 'check':
        await this.check();
        return;
      case 'close':
        await this.#finish(this.#store.close());
        this.#confirmAll();
        await this.#restart();
        return;
      case 'crash':
        await this.#maker.crash();
        await this.#restart();
    }
  }

  /** Everything is committed, and as the model says. */
  async check(): Promise<void> {
    await this.#commitAll();
    const observed = await this.#observe();
    expect(observed).toEqual(this.#model.describe());
  }

  async end(): Promise<void> {
    await this.check();
    await this.#finish(this.#store.close());
  }

  #publishNew(to: ModelEvent['to'], bytes: number, dueAt: number): void {
    const number = this.#events.length + 1;
    const event = { number, to, body: `${number}`.padEnd(bytes, '.'), dueAt };
    this.#events.push(event);
    this.#publish(event);
  }

  #publish(event: ModelEvent): void {
    const isKnown = this.#model.stored.has(event.number);
    const isRefused = !isKnown && this.#model.refuses(event);
    const expected = isKnown ? 'duplicate' : isRefused ? 'E_QUEUE_FULL' : 'stored';
    if (expected === 'stored') {
      this.#change({ kind: 'store', event, isDelayed: event.dueAt > this.#maker.time.now() });
    }
    const at = this.#changes.length;
    const life = this.#life;
    void this.#store.publish([newEvent(event)]).then(([result]) => {
      const status = result?.status === 'refused' ? result.code : result?.status;
      if (status === 'E_STORE_UNAVAILABLE') return;
      this.#answers.push(`${event.number} ${status}, expected ${expected}`);
      if (result?.status !== 'refused' && result?.durability === 'durable') this.#confirm(life, at);
    });
  }

  /** What publishers were told, beside what they should have been. */
  readonly #answers: string[] = [];

  #settle(queue: QueueName, what: Settlement['kind'], at: number): void {
    const seen = this.#seen.get(queue) ?? [];
    const sequence = seen[at % Math.max(1, seen.length)];
    const lease = this.#leases.get(agentOf(queue));
    const queueId = this.#queueIds.get(queue);
    if (sequence === undefined || lease === undefined || queueId === undefined) return;
    // An ack of one overflown sequence may do something or not: skips are settled by `skip-seen`.
    if (what === 'acked' && this.#model.isOverflow(queue, sequence)) return;
    const settlement = settlementOf(what, sequence, this.#maker.time.now());
    this.#change({ kind: 'settle', queue, settlement });
    const change = this.#changes.length;
    const life = this.#life;
    this.#store.settle(queueId, [settlement], lease).then(
      () => this.#confirm(life, change),
      () => undefined,
    );
  }

  async #advance(ms: number): Promise<void> {
    await this.#maker.time.advance(ms);
    this.#change({ kind: 'due', now: this.#maker.time.now() });
  }

  async #reopen(queue: QueueName): Promise<void> {
    if (queue === 'direct') return;
    await this.#advance(DELAY_MS_MAX);
    await this.#commitAll();
    await this.#finish(this.#store.deleteQueue(SPECS[queue]));
    this.#change({ kind: 'reopen', queue });
    const { queueId } = await this.#finish(this.#store.openQueue(SPECS[queue]));
    this.#queueIds.set(queue, queueId);
    this.#seen.delete(queue);
    this.#handedTo.delete(queue);
    this.#confirmAll();
  }

  async #redrive(): Promise<void> {
    // Nothing may become due while it is under way: the order would be anybody's.
    await this.#advance(DELAY_MS_MAX);
    await this.#commitAll();
    const { items } = await this.#finish(this.#store.deadLetters({ after: undefined, limit: 1 }));
    const [letter] = items;
    const queue = QUEUE_NAMES.find((name) => this.#queueIds.get(name) === letter?.queueId);
    if (letter === undefined) return;
    expect(await this.#finish(this.#store.redrive(letter.id))).toBe(queue !== undefined);
    if (queue !== undefined) this.#change({ kind: 'redrive', queue, sequence: Number(letter.id.split('-')[1]) });
    this.#confirmAll();
  }

  /** The next store over what this one left: finds out how far it got, and goes on from there. */
  async #restart(): Promise<void> {
    this.#life += 1;
    this.#maker.time.forget();
    this.#store = await this.#maker.create();
    const handedTo = this.#handedTo;
    await this.#meet();
    const delivered = new Map<QueueName, number>();
    for (const name of QUEUE_NAMES) {
      const info = await this.#finish(this.#store.openQueue(SPECS[name]));
      delivered.set(name, info.deliveredTo);
      expect(info.deliveredTo).toBeLessThan(info.nextSequence);
    }
    for (const [name, sequence] of handedTo) expect(delivered.get(name)).toBeGreaterThanOrEqual(sequence);
    await this.#findPrefix();
  }

  async #findPrefix(): Promise<void> {
    const observed = await this.#observe();
    const found = observed.join('\n');
    // Most prefixes are told apart by the last event that they store.
    let number = Math.max(0, ...this.#base.map(numberOf), ...this.#changes.slice(0, this.#confirmed).map(numberOf));
    // What was delayed has been delivered before the store was looked at.
    const due: Change = { kind: 'due', now: this.#maker.time.now() };
    let last = '';
    for (let count = this.#confirmed; count <= this.#changes.length; count++) {
      const change = count > this.#confirmed ? this.#changes[count - 1] : undefined;
      if (change !== undefined) number = Math.max(number, numberOf(change));
      if (`number ${number}` !== observed.at(-1) && count < this.#changes.length) continue;
      const done = [...this.#base, ...this.#changes.slice(0, count), due];
      const model = new NaiveStore(this.#eventsMax);
      for (const change of done) model.do(change);
      last = model.describe().join('\n');
      if (last !== found) continue;
      this.#base = done;
      this.#changes = [];
      this.#confirmed = 0;
      this.#model = model;
      return;
    }
    expect(found).toBe(last);
  }

  /** Opens the queues of a new store and takes their leases. */
  async #meet(): Promise<void> {
    this.#leases = new Map();
    for (const agentId of ['bob', 'carol']) this.#leases.set(agentId, await this.#store.claimAgent(agentId, 'main'));
    for (const name of QUEUE_NAMES) {
      const { queueId } = await this.#finish(this.#store.openQueue(SPECS[name]));
      this.#queueIds.set(name, queueId);
    }
  }

  async #observe(): Promise<readonly string[]> {
    await this.#advance(DELAY_MS_MAX);
    await this.#finish(this.#store.agentRecord('nobody'));
    const lines: string[] = [];
    for (const name of QUEUE_NAMES) {
      const items = await this.#readAll(name);
      const { nextSequence, settledTo, waiting } = await this.#finish(this.#store.openQueue(SPECS[name]));
      const open = items.flatMap((item) => describeItem(item));
      lines.push(`${name} next ${nextSequence} settled ${settledTo} waiting ${waiting}: ${open.join(' ')}`);
    }
    const { items } = await this.#finish(this.#store.deadLetters({ after: undefined, limit: 1_000 }));
    const letters = items.map(({ id, eventId }) => `${eventId}@${id.split('-')[1]}`).sort();
    const number = await this.#finish(this.#store.producerNumber(PRODUCER));
    return [...lines, `letters ${letters.join(' ')}`, `number ${number}`];
  }

  async #readAll(name: QueueName): Promise<readonly QueueItem[]> {
    const all: QueueItem[] = [];
    const lease = this.#leases.get(agentOf(name));
    const queueId = this.#queueIds.get(name);
    if (lease === undefined || queueId === undefined) return all;
    for (let after = 0; ;) {
      const request = { after, limit: READ_LIMIT, bytesMax: 1_000_000 };
      const items = await this.#finish(this.#store.read(queueId, request, lease));
      const last = items.at(-1);
      if (last === undefined) break;
      all.push(...items);
      after = last.kind === 'event' ? last.sequence : last.to;
      this.#handedTo.set(name, Math.max(this.#handedTo.get(name) ?? 0, last.kind === 'event' ? after : 0));
    }
    const sequences = all.flatMap((item) => (item.kind === 'event' ? [item.sequence] : [item.from, item.to]));
    this.#seen.set(name, sequences);
    return all;
  }

  #change(change: Change): void {
    this.#model.do(change);
    this.#changes.push(change);
  }

  #confirm(life: number, count: number): void {
    if (life === this.#life) this.#confirmed = Math.max(this.#confirmed, count);
  }

  #confirmAll(): void {
    this.#base.push(...this.#changes);
    this.#changes = [];
    this.#confirmed = 0;
    // A later answer to what was asked before must not count for what is asked from now on.
    this.#life += 1;
  }

  async #commitAll(): Promise<void> {
    await this.#finish(this.#store.agentRecord('nobody'));
    await this.#advance(0);
    await this.#finish(this.#store.agentRecord('nobody'));
    this.#confirmAll();
    for (const answer of this.#answers.splice(0)) {
      const [, status, expected] = /^\d+ (\S+), expected (\S+)$/.exec(answer) ?? [];
      if (status !== expected) throw new Error(`answer to ${answer}`);
    }
  }

  /** Lets time pass until something is done. */
  async #finish<Result>(work: Promise<Result>): Promise<Result> {
    const state = { isDone: false };
    const done = (): void => void (state.isDone = true);
    work.then(done, done);
    while (!state.isDone) await this.#advance(1);
    return work;
  }
}

/** The number of the event that a change stores; 0 where it stores none. */
function numberOf(change: Change): number {
  return change.kind === 'store' ? change.event.number : 0;
}
