/** SessionDelivery: what delivery sends, over the session of a link. A link that is over takes it and does nothing. */
import type { ErrorCode } from '@sealane/shared/errors';
import type { AgentSession } from '@sealane/shared/session';
import { monotonicNow } from '@sealane/node/transport';
import type { DeliveryLink } from '../delivery/index.ts';

/** What it needs of its link. */
export interface SessionDeliveryOwner {
  readonly session: AgentSession;
  /** Fingerprint of the server. */
  readonly server: string;
  readonly unsentBytes: () => number;
  readonly highWaterBytes: number;
  readonly wake: () => void;
}

type Fields<Method extends keyof DeliveryLink> = DeliveryLink[Method] extends (fields: infer F) => void ? F : never;

export class SessionDelivery implements DeliveryLink {
  readonly #owner: SessionDeliveryOwner;
  readonly #session: AgentSession;

  constructor(owner: SessionDeliveryOwner) {
    this.#owner = owner;
    this.#session = owner.session;
  }

  get server(): string {
    return this.#owner.server;
  }

  get hasEvents(): boolean {
    return this.#session.hasEvents;
  }

  get isCongested(): boolean {
    const { unsentBytes, highWaterBytes } = this.#owner;
    return this.#session.waitingBytes + unsentBytes() >= highWaterBytes;
  }

  subscribe(fields: Fields<'subscribe'>): void {
    const { subscription, topic, group, windowEvents, ackWaitMs, lineage, cursor, doneBitmap } = fields;
    this.#send(() =>
      this.#session.subscribe(subscription, topic, group, windowEvents, ackWaitMs, lineage, cursor, doneBitmap),
    );
  }

  unsubscribe({ subscription, forget }: Fields<'unsubscribe'>): void {
    this.#send(() => this.#session.unsubscribe(subscription, forget));
  }

  ackEvent({ subscription, sequence, attempt }: Fields<'ackEvent'>): void {
    this.#send(() => this.#session.ackEvent(subscription, sequence, attempt));
  }

  nackEvent({ subscription, sequence, attempt, delayMs, reason }: Fields<'nackEvent'>): void {
    this.#send(() => this.#session.nackEvent(subscription, sequence, attempt, delayMs, reason));
  }

  eventProgress({ subscription, sequence, attempt }: Fields<'eventProgress'>): void {
    this.#send(() => this.#session.eventProgress(subscription, sequence, attempt));
  }

  openProducer({ producer, producerId }: Fields<'openProducer'>): void {
    this.#send(() => this.#session.openProducer(producer, producerId));
  }

  publish(...[event, producer, settledNumber]: Parameters<DeliveryLink['publish']>): void {
    const { number, to, eventId, body, contentType, ttlMs, delayMs, relaxed } = event;
    // Without a closure: this is called for every event.
    if (this.#session.state !== 'Open') return;
    this.#session.publish(producer, number, settledNumber, to, eventId, body, contentType, ttlMs, delayMs, relaxed);
    this.#owner.wake();
  }

  watchPresence({ agentId, watch }: Fields<'watchPresence'>): void {
    this.#send(() => this.#session.watchPresence(agentId, watch));
  }

  fail(code: ErrorCode): void {
    if (this.#session.state !== 'Open') return;
    this.#session.fail(code, monotonicNow());
    this.#owner.wake();
  }

  #send(encode: () => void): void {
    if (this.#session.state !== 'Open') return;
    encode();
    this.#owner.wake();
  }
}
