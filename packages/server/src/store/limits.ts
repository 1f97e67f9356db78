/** Limits of events and queues, named once (docs/protocols/delivery.md §9). Those of the wire are in `shared`. */
import type { QueueLimits } from './store.ts';

/** Bytes of an event's body: larger things go by stream. */
export const EVENT_BODY_BYTES_MAX = 98_304;
/** Failures after which an entry becomes a dead letter. */
export const FAILURES_MAX = 20;
/** Events of one publisher that may wait for their time, and their bytes: nobody takes the room of all others. */
export const DELAYED_EVENTS_PER_PUBLISHER_MAX = 100_000;
export const DELAYED_BYTES_PER_PUBLISHER_MAX = 268_435_456;
/** Events of all publishers together that may wait for their time. */
export const DELAYED_EVENTS_MAX = 1_000_000;
/** How long ids of producers without an outbox are known. */
export const ID_DEDUP_MS = 86_400_000;
/** How long the usage of an hour is kept. */
export const USAGE_RETENTION_MS = 400 * 86_400_000;
/** How long an event waits when its producer names no time: the retention of its queue. */
export const DEFAULT_QUEUE_LIMITS: QueueLimits = {
  eventsMax: 1_000_000,
  bytesMax: 1_073_741_824,
  retentionMs: 30 * 86_400_000,
};
