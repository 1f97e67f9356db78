/**
 * AgentDeliverySession: what an agent sends about events (docs/protocols/delivery.md §1). The arguments are the fields of
 * the packets, straight into their encoders.
 *
 * Not here: windows, cursors, outboxes and what a packet means. That is the business of whoever owns the session.
 *
 * Each of these throws RangeError when a field is over its limit, ProtocolError `E_CLOSED` when the session is not open and
 * `E_NO_EVENTS` when its version has no events; the session stays as it was.
 */
import {
  encodeSubscribe,
  encodeUnsubscribe,
  encodeEventAck,
  encodeEventNack,
  encodeEventProgress,
  encodeProducerOpen,
  encodePublish,
  encodePresenceWatch,
} from '../packets/index.ts';
import type { MessagingCall } from '../items/index.ts';
import { Session } from './session.ts';

export abstract class AgentDeliverySession extends Session {
  /** Makes a call of messaging (docs/protocols/messaging.md §1), refused with `E_NO_MESSAGING` below version 3. */
  sendCall(call: MessagingCall): void {
    this.sendPacketOfMessaging(call);
  }

  /** Takes deliveries of a subscription from now on (§4). */
  subscribe(
    subscription: number,
    topic: string | null,
    group: string | null,
    windowEvents: number,
    ackWaitMs: number,
    lineage: Uint8Array | null,
    cursor: number,
    doneBitmap: Uint8Array,
  ): void {
    encodeSubscribe(
      this.eventWriter(),
      subscription,
      topic,
      group,
      windowEvents,
      ackWaitMs,
      lineage,
      cursor,
      doneBitmap,
    );
    this.outbox.written();
  }

  /** Takes no more deliveries of a subscription (§4). */
  unsubscribe(subscription: number, forget: boolean): void {
    encodeUnsubscribe(this.eventWriter(), subscription, forget);
    this.outbox.written();
  }

  /** Is done with a delivery, or has taken note of a Skipped (§5, §6). */
  ackEvent(subscription: number, sequence: number, attempt: number): void {
    encodeEventAck(this.eventWriter(), subscription, sequence, attempt);
    this.outbox.written();
  }

  /** Could not handle a delivery (§5). */
  nackEvent(subscription: number, sequence: number, attempt: number, delayMs: number, reason: string): void {
    encodeEventNack(this.eventWriter(), subscription, sequence, attempt, delayMs, reason);
    this.outbox.written();
  }

  /** Still works on a delivery (§5). */
  eventProgress(subscription: number, sequence: number, attempt: number): void {
    encodeEventProgress(this.eventWriter(), subscription, sequence, attempt);
    this.outbox.written();
  }

  /** Names an outbox (§3). */
  openProducer(producer: number, producerId: string): void {
    encodeProducerOpen(this.eventWriter(), producer, producerId);
    this.outbox.written();
  }

  /** Hands an event to the server (§3). */
  publish(
    producer: number,
    number: number,
    settledNumber: number,
    to: string,
    eventId: string | null,
    body: Uint8Array,
    contentType: string | null,
    ttlMs: number,
    delayMs: number,
    relaxed: boolean,
  ): void {
    encodePublish(
      this.eventWriter(),
      producer,
      number,
      settledNumber,
      to,
      eventId,
      body,
      contentType,
      ttlMs,
      delayMs,
      relaxed,
    );
    this.outbox.written();
  }

  /** Watches an agent, or stops (§8). */
  watchPresence(agentId: string, watch: boolean): void {
    encodePresenceWatch(this.eventWriter(), agentId, watch);
    this.outbox.written();
  }
}
