/** What delivery counts since the start: plain numbers, read by metrics and the library (rule 7). */
import type { ErrorCode } from '@sealane/shared/errors';
import { Histogram } from '../store/index.ts';

/** Why an ack counts for nothing. */
export type AckRefusal = 'stale' | 'unknown' | 'foreign';
/** What an event became a dead letter of. */
export type DeadLetterCause = 'nack' | 'timeout';

export class DeliveryCounters {
  stored = 0;
  duplicates = 0;
  /** Refused events by code. */
  readonly refused = new Map<ErrorCode, number>();
  /** First deliveries and repetitions. */
  delivered = 0;
  /** Those of them with an attempt from 2 on. */
  redelivered = 0;
  acked = 0;
  nacked = 0;
  ackTimeouts = 0;
  expired = 0;
  skipsAnnounced = 0;
  readonly acksRefused: Record<AckRefusal, number> = { stale: 0, unknown: 0, foreign: 0 };
  readonly deadLettered: Record<DeadLetterCause, number> = { nack: 0, timeout: 0 };
  /** Subscriptions refused, or ended because a permission is gone. */
  subscriptionsRefused = 0;
  /** Operations that the store did not do and that were tried again. */
  storeRetries = 0;
  /** From the arrival of an event to its receipt. */
  readonly publishSeconds = new Histogram();
  /** From the publishing of an event to a delivery of it. */
  readonly lagSeconds = new Histogram();

  refuse(code: ErrorCode): void {
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
  }
}
