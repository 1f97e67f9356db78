/** Redis stores for tests, with what their listeners were told. Not part of the product. */
import { randomBytes } from 'node:crypto';
import type { NewEvent, StoreHealth, StoreListener } from '../../src/store/store.ts';
import { RedisStore, type RedisStoreOptions } from '../../src/store/redis/index.ts';

export class ToldListener implements StoreListener {
  readonly queues: string[] = [];
  readonly lost: string[] = [];
  readonly healths: StoreHealth[] = [];
  readonly incidents: string[] = [];

  onQueues(queueIds: readonly string[]): void {
    this.queues.push(...queueIds);
  }

  onAgentLost(agentId: string, instance: string, reason: string): void {
    this.lost.push(`${agentId} ${instance} ${reason}`);
  }

  onHealth(health: StoreHealth): void {
    this.healths.push(health);
  }

  onIncident({ message }: { readonly message: string }): void {
    this.incidents.push(message);
  }
}

export interface Opened {
  readonly store: RedisStore;
  readonly told: ToldListener;
}

export async function openStore(options: RedisStoreOptions): Promise<Opened> {
  const store = new RedisStore(options);
  const told = new ToldListener();
  await store.open(told);
  return { store, told };
}

const FAR = Number.MAX_SAFE_INTEGER;

/** An event of no producer, unless told otherwise. */
export function event(fields: Partial<NewEvent> = {}): NewEvent {
  return {
    id: randomBytes(8).toString('hex'),
    from: 'server',
    to: 'agent:ada',
    contentType: null,
    body: Buffer.from('hello'),
    publishedAt: Date.now(),
    expiresAt: FAR,
    dueAt: 0,
    durability: 'durable',
    dedup: { kind: 'none' },
    ...fields,
  };
}

/** An event of an outbox. */
export function numbered(number: number, fields: Partial<NewEvent> = {}, settledNumber = 0): NewEvent {
  const producer = { agentId: 'pub', producerId: 'p'.repeat(16) };
  return event({
    id: `${producer.producerId}-${number}`,
    from: 'agent:pub',
    body: Buffer.from(`body ${number}`),
    dedup: { kind: 'number', producer, number, settledNumber },
    ...fields,
  });
}
