/** The events of `store-child.ts`, and what a test finds of them. */
import type { NewEvent, ProducerRef } from '../../src/store/index.ts';

const FILLER = 'x'.repeat(200);

export function childEvent(producer: ProducerRef, number: number): NewEvent {
  return {
    id: `${producer.agentId}-${number}`,
    from: `agent:${producer.agentId}`,
    to: 'agent:receiver',
    contentType: null,
    body: new TextEncoder().encode(bodyOfNumber(number)),
    publishedAt: Date.now(),
    expiresAt: Number.MAX_SAFE_INTEGER,
    dueAt: 0,
    durability: 'durable',
    dedup: { kind: 'number', producer, number, settledNumber: 0 },
  };
}

export function bodyOfNumber(number: number): string {
  return `${number} ${FILLER}`;
}
