/** The words of the model in those of a store: its queues, events and settlements. */
import type { NewEvent, QueueItem, QueueSpec, Settlement } from '../../../src/store/index.ts';
import type { ModelEvent, QueueName } from './naive-store.ts';

export const SPECS: Readonly<Record<QueueName, QueueSpec>> = {
  direct: { kind: 'agent', agentId: 'bob' },
  some: { kind: 'subscription', agentId: 'bob', pattern: 'a.*' },
  all: { kind: 'subscription', agentId: 'carol', pattern: '>' },
};
export const PRODUCER = { agentId: 'alice', producerId: 'alice-----------' };

export function newEvent({ number, to, body, dueAt }: ModelEvent): NewEvent {
  return {
    id: `${number}`,
    from: 'agent:alice',
    to,
    contentType: null,
    body: new TextEncoder().encode(body),
    publishedAt: 1_750_000_000_000,
    expiresAt: Number.MAX_SAFE_INTEGER,
    dueAt,
    durability: number % 5 === 0 ? 'relaxed' : 'durable',
    dedup: { kind: 'number', producer: PRODUCER, number, settledNumber: 0 },
  };
}

export function agentOf(queue: QueueName): string {
  return queue === 'all' ? 'carol' : 'bob';
}

export function settlementOf(kind: Settlement['kind'], sequence: number, at: number): Settlement {
  if (kind === 'skip-seen') return { kind, to: sequence };
  if (kind === 'failed' || kind === 'dead') return { kind, sequence, reason: 'no', at };
  return kind === 'dropped' ? { kind, sequence, reason: 'expired' } : { kind, sequence };
}

export function describeItem(item: QueueItem): readonly string[] {
  if (item.kind === 'event') return [`${item.sequence}=${item.id}/${item.body.length}!${item.failures}`];
  return Array.from({ length: item.to - item.from + 1 }, (_, index) => `${item.from + index}~${item.reason}`);
}
