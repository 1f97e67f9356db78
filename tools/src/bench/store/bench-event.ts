/** The event that the store bench publishes. */
import type { NewEvent, ProducerRef } from '@sealane/server/store';

const BODY_BYTES = 256;
const body = new Uint8Array(BODY_BYTES).fill(0x61);

/** An event of an outbox, as an agent's connection hands it in. */
export function benchEvent(producer: ProducerRef, number: number, settledNumber: number): NewEvent {
  return {
    id: `${producer.producerId}-${number}`,
    from: `agent:${producer.agentId}`,
    to: 'agent:receiver',
    contentType: null,
    body,
    publishedAt: Date.now(),
    expiresAt: Number.MAX_SAFE_INTEGER,
    dueAt: 0,
    durability: 'durable',
    dedup: { kind: 'number', producer, number, settledNumber },
  };
}
