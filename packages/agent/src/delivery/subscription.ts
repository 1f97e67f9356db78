/** Subscription: what a program asks for and holds. */
import type { SealaneError } from '@sealane/shared/errors';
import type { DeliveredEvent } from './delivered-event.ts';

/** Handles one event: it is acked when this returns, and comes again when it throws. */
export type EventHandler = (event: DeliveredEvent) => Promise<void> | void;

/** Sequences that come without an event. */
export interface SkippedEvents {
  readonly from: number;
  readonly to: number;
  readonly reason: 'expired' | 'retention' | 'overflow' | 'dead-letter' | 'purged' | 'unknown';
}

/** Options of `subscribe`. */
export interface SubscribeOptions {
  /** Shares the work of this subscription with other agents of the same group. At most 64 bytes. */
  readonly group?: string | undefined;
  /** Deliveries without an ack that are taken at once, 1 to 4,096; default 256. The server may grant fewer. */
  readonly windowEvents?: number | undefined;
  /** Time for an answer before the server delivers again; default is the server's, 30 s. */
  readonly ackWaitMs?: number | undefined;
  /** Handlers at work at once; default 1: one event after the other, in order. */
  readonly concurrency?: number | undefined;
  /**
   * `automatic` (default): acks when the handler returns, and asks for more time while it works. `manual`: the handler
   * answers by `event.ack`, `nack` and `progress`, now or later; all of the window is handed out at once.
   */
  readonly acknowledge?: 'automatic' | 'manual' | undefined;
  /** Told of sequences that come without an event. */
  readonly onSkipped?: ((skipped: SkippedEvents) => void) | undefined;
}

/** What the server said of a subscription. */
export interface SubscriptionState {
  /** Events that waited when it was opened. */
  readonly waiting: number;
  /** Granted. */
  readonly windowEvents: number;
  readonly ackWaitMs: number;
  readonly durability: 'durable' | 'relaxed';
}

/** A durable subscription: it is kept by the server while the agent is away, and opened anew after every reconnect. */
export interface Subscription {
  /** The pattern of topics; null for events addressed to the agent. */
  readonly topic: string | null;
  /** Resolves when the server has stored it and delivers; rejects when it refuses. */
  readonly ready: Promise<SubscriptionState>;
  /** Resolves when it is over: undefined when the program ended it, else why. Never rejects. */
  readonly whenEnded: Promise<SealaneError | undefined>;
  /** Takes no more events; resolves when handlers at work are done and told. The server keeps the subscription. */
  drain(): Promise<void>;
  /**
   * As `drain`; with `forget`, the server deletes the subscription and all that waits in it.
   *
   * @throws ProtocolError `E_TIMEOUT` when `forget` could not be told to the server within 30 s.
   */
  unsubscribe(options?: { readonly forget?: boolean }): Promise<void>;
}

/** Name of a subscription, unique within an agent. */
export function subscriptionName(topic: string | null, group: string | undefined): string {
  if (topic === null) return 'agent';
  return group === undefined ? `topic ${topic}` : `group ${group} ${topic}`;
}
