/**
 * ServerDeliverySession: what a server sends about events (docs/protocols/delivery.md §1). The arguments are the fields of
 * the packets, straight into their encoders.
 *
 * Not here: queues, windows and attempts. That is the business of whoever owns the session.
 *
 * Each of these throws RangeError when a field is over its limit, ProtocolError `E_CLOSED` when the session is not open and
 * `E_NO_EVENTS` when its version has no events; the session stays as it was.
 */
import {
  encodeSubscribed,
  encodeUnsubscribed,
  encodeEvent,
  encodeSkipped,
  encodeProducerOpened,
  encodeReceipt,
  encodePresence,
} from '../packets/index.ts';
import type { ServerMessagingPacket } from '../items/index.ts';
import { Session } from './session.ts';

export abstract class ServerDeliverySession extends Session {
  /** Answers a call of messaging, or passes on what is not stored (docs/protocols/messaging.md §1). */
  sendMessaging(packet: ServerMessagingPacket): void {
    this.sendPacketOfMessaging(packet);
  }

  /** Grants a Subscribe (§4). */
  sendSubscribed(
    subscription: number,
    lineage: Uint8Array,
    cursor: number,
    nextSequence: number,
    waiting: number,
    windowEvents: number,
    ackWaitMs: number,
    durability: number,
  ): void {
    encodeSubscribed(
      this.eventWriter(),
      subscription,
      lineage,
      cursor,
      nextSequence,
      waiting,
      windowEvents,
      ackWaitMs,
      durability,
    );
    this.outbox.written();
  }

  /** Refuses or ends a subscription (§4). */
  sendUnsubscribed(subscription: number, code: number, retryAfterMs: number): void {
    encodeUnsubscribed(this.eventWriter(), subscription, code, retryAfterMs);
    this.outbox.written();
  }

  /** Delivers an event (§5). */
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
  ): void {
    encodeEvent(
      this.eventWriter(),
      subscription,
      sequence,
      attempt,
      eventId,
      publishedAt,
      from,
      topic,
      body,
      contentType,
    );
    this.outbox.written();
  }

  /** Announces sequences that come without an event (§6). */
  sendSkipped(subscription: number, from: number, to: number, reason: number): void {
    encodeSkipped(this.eventWriter(), subscription, from, to, reason);
    this.outbox.written();
  }

  /** Answers for an outbox (§3). */
  sendProducerOpened(producer: number, number: number, code: number, retryAfterMs: number): void {
    encodeProducerOpened(this.eventWriter(), producer, number, code, retryAfterMs);
    this.outbox.written();
  }

  /** Says what became of published events (§3). */
  sendReceipt(
    producer: number,
    number: number,
    count: number,
    sequence: number,
    durability: number,
    code: number,
    retryAfterMs: number,
  ): void {
    encodeReceipt(this.eventWriter(), producer, number, count, sequence, durability, code, retryAfterMs);
    this.outbox.written();
  }

  /** Says whether an agent is connected, or refuses a watch (§8). */
  sendPresence(agentId: string, online: boolean, lastSeenAt: number, code: number): void {
    encodePresence(this.eventWriter(), agentId, online, lastSeenAt, code);
    this.outbox.written();
  }
}
