/** The ports of delivery: what it takes from outside, and who it speaks to. */
import type { ErrorCode } from '@sealane/shared/errors';
import type { SessionState } from '@sealane/shared/session';

/** A call that was asked for. */
export interface ScheduledCall {
  cancel(): void;
}

/**
 * Port: time and chance. Delivery opens no socket and starts no timer by itself, so the same code runs in the server
 * and in the simulator.
 */
export interface DeliveryEnvironment {
  /** Monotonic ms, for intervals. */
  readonly now: () => number;
  /** Wall clock ms, for expiry and display. */
  readonly wallClock: () => number;
  /** From 0 up to, and without, 1. */
  readonly random: () => number;
  /** A fresh id of an event, for those who name none. */
  readonly newEventId: () => string;
  /** Runs it once what runs now has come to its end, before anything else comes in. */
  readonly defer: (run: () => void) => void;
  readonly schedule: (delayMs: number, run: () => void) => ScheduledCall;
}

/** What a session does for delivery while it is open; the arguments are the fields of the packets. */
export interface DeliverySession {
  readonly state: SessionState;
  /** Bytes that wait to be written. */
  readonly waitingBytes: number;
  sendSubscribed(
    subscription: number,
    lineage: Uint8Array,
    cursor: number,
    nextSequence: number,
    waiting: number,
    windowEvents: number,
    ackWaitMs: number,
    durability: number,
  ): void;
  sendUnsubscribed(subscription: number, code: number, retryAfterMs: number): void;
  sendEvent(
    subscription: number,
    sequence: number,
    attempt: number,
    eventId: string,
    publishedAt: number,
    from: string,
    topic: string | null,
    body: Uint8Array,
    contentType: string | null,
  ): void;
  sendSkipped(subscription: number, from: number, to: number, reason: number): void;
  sendProducerOpened(producer: number, number: number, code: number, retryAfterMs: number): void;
  sendReceipt(
    producer: number,
    number: number,
    count: number,
    sequence: number,
    durability: number,
    code: number,
    retryAfterMs: number,
  ): void;
  sendPresence(agentId: string, online: boolean, lastSeenAt: number, code: number): void;
  /** Ends the session with a code. */
  fail(code: ErrorCode, now: number): void;
}

/** The connection of one agent, as delivery sees it. */
export interface DeliverySink {
  readonly peer: { readonly agentId: string; readonly instance: string };
  readonly session: DeliverySession;
  /** At this many unsent bytes nothing more is delivered for now. */
  readonly highWaterBytes: number;
  /** Bytes handed to the socket that it has not sent. */
  unsentBytes(): number;
  /** Something waits to be sent, or whether it wants to be read has changed. */
  wake(): void;
}

/** Whether anything can be sent. */
export function isOpen({ session }: DeliverySink): boolean {
  return session.state === 'Open';
}
