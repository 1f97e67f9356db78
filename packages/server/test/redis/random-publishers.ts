/** RandomPublishers: outboxes, and senders without one, that publish through whatever node. Not part of the product. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NewEvent, QueueSpec, Store } from '../../src/store/store.ts';
import type { NaiveModel } from './naive-model.ts';
import { event } from './store-host.ts';

/** Where events go, and which queues they have to reach. */
const ROUTES = [
  ['agent:ada', ['a:ada']],
  ['agent:bob', ['a:bob']],
  ['topic:t.x', ['s:ada', 's:bob', 'group']],
  ['topic:work', ['group']],
] as const;

const GROUP = { kind: 'group', group: 'workers', pattern: '>' } as const;

/** What decides. */
export interface Chance {
  readonly isEnding: boolean;
  readonly isStopped: boolean;
  /** An integer below `end`. */
  below(end: number): number;
  someStore(): Store;
}

export class RandomPublishers {
  readonly #model: NaiveModel;
  readonly #chance: Chance;

  constructor(model: NaiveModel, chance: Chance) {
    this.#model = model;
    this.#chance = chance;
  }

  /** Publishes numbers upwards, each until it has its receipt, through whatever node; some of them once more. */
  async outbox(index: number): Promise<void> {
    const producer = { agentId: `pub-${index}`, producerId: `producer-${index}-----` };
    const keys: { readonly key: string; readonly event: NewEvent }[] = [];
    let left: typeof keys = [];
    while (!this.#chance.isStopped && (!this.#chance.isEnding || left.length > 0)) {
      for (let count = this.#chance.isEnding ? 0 : this.#chance.below(8); count > 0; count--) {
        const number = keys.length + 1;
        const key = `${index}:${number}`;
        const dedup = { kind: 'number', producer, number, settledNumber: 0 } as const;
        const made = { key, event: event({ id: key, from: `agent:pub-${index}`, dedup, ...this.#route(key) }) };
        keys.push(made);
        left.push(made);
      }
      const again = this.#chance.below(4) === 0 && keys.length > 0 ? keys[this.#chance.below(keys.length)] : undefined;
      const batch = again === undefined || left.includes(again) ? left : [again, ...left];
      const results = await this.#chance.someStore().publish(batch.map((each) => each.event));
      for (const [place, { key }] of batch.entries()) this.#model.receipt(key, results[place]!);
      left = left.filter(({ key }) => this.#model.published.get(key)?.sequence === undefined);
      await sleep(this.#chance.below(10));
    }
  }

  /** Events with ids, published until there is a receipt, and events that nobody can know again. */
  async sender(): Promise<void> {
    for (let number = 1; !this.#chance.isEnding; number++) {
      const key = `id:${number}`;
      const withId = event({ id: key, dedup: { kind: 'id' }, ...this.#route(key) });
      const plainKey = `plain:${number}`;
      const plain = event({ id: plainKey, ...this.#route(plainKey) });
      const [result] = await this.#chance.someStore().publish([plain]);
      this.#model.receipt(plainKey, result!);
      while (!this.#chance.isStopped && this.#model.published.get(key)?.sequence === undefined) {
        const [again] = await this.#chance.someStore().publish([withId]);
        this.#model.receipt(key, again!);
        await sleep(this.#chance.below(20));
      }
      await sleep(this.#chance.below(20));
    }
  }

  #route(key: string): Pick<NewEvent, 'to' | 'body'> {
    const [to, queues] = ROUTES[this.#chance.below(ROUTES.length)]!;
    this.#model.publishing(key, queues);
    return { to, body: Buffer.from(key) };
  }
}

/** What a queue is, by the name that it has in `ROUTES`. */
export function specOf(name: string): QueueSpec {
  const agentId = name.slice(2);
  if (name === 'group') return GROUP;
  return name.startsWith('a:') ? { kind: 'agent', agentId } : { kind: 'subscription', agentId, pattern: 't.*' };
}
