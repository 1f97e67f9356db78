/** An agent at the other end of a connection that is none: it keeps what it gets, and says what a test wants. */
import { errorByNumber, type ErrorCode } from '@sealane/shared/errors';
import type { Event, Packet, Publish, Receipt, Skipped, Subscribe, Subscribed } from '@sealane/shared/packets';
import type { AgentAttachment, Delivery, DeliverySession, DeliverySink } from '../../src/delivery/index.ts';

const NO_BYTES = new Uint8Array(0);

/** Producer id of this name, 16 characters. */
export function producerIdOf(name: string): string {
  return name.padEnd(16, '_').slice(0, 16);
}

export class FakeAgent implements DeliverySink {
  readonly peer: { readonly agentId: string; readonly instance: string };
  readonly highWaterBytes = 1_048_576;
  readonly session: DeliverySession;
  readonly events: Event[] = [];
  readonly skipped: Skipped[] = [];
  readonly receipts: Receipt[] = [];
  readonly subscribed: Subscribed[] = [];
  readonly unsubscribed: { readonly subscription: number; readonly code: ErrorCode | undefined }[] = [];
  readonly producersOpened: {
    readonly producer: number;
    readonly number: number;
    readonly code: ErrorCode | undefined;
  }[] = [];
  readonly presence: { readonly agentId: string; readonly online: boolean; readonly code: ErrorCode | undefined }[] =
    [];
  /** Everything that came, one word each, in order. */
  readonly log: string[] = [];
  /** The code with which the server ended the session. */
  failedWith: ErrorCode | undefined;
  wakes = 0;
  unsent = 0;
  /** Called with every event; acks it by default where a test says so. */
  onEvent: ((event: Event) => void) | undefined;
  onSkipped: ((skipped: Skipped) => void) | undefined;
  onReceipt: ((receipt: Receipt) => void) | undefined;
  onSubscribed: ((subscribed: Subscribed) => void) | undefined;
  attachment: AgentAttachment;
  #isGone = false;

  constructor(delivery: Delivery, agentId: string, instance = 'main') {
    this.peer = { agentId, instance };
    this.session = this.#session();
    this.attachment = delivery.attach(this);
  }

  unsentBytes(): number {
    return this.unsent;
  }

  wake(): void {
    this.wakes += 1;
  }

  /** The connection ends. */
  cut(): void {
    this.#isGone = true;
    this.attachment.detach();
  }

  /** The server died: nothing that is said arrives. */
  vanish(): void {
    this.#isGone = true;
  }

  say(packet: Packet): void {
    if (!this.#isGone) this.attachment.onPacket(packet);
  }

  subscribe(topic: string | null, about: Partial<Subscribe> = {}): void {
    this.say({
      id: 0x30,
      subscription: 1,
      topic,
      group: null,
      windowEvents: 256,
      ackWaitMs: 0,
      lineage: null,
      cursor: 0,
      doneBitmap: NO_BYTES,
      ...about,
    });
  }

  unsubscribe(subscription = 1, forget = false): void {
    this.say({ id: 0x32, subscription, forget });
  }

  ack({ subscription, sequence, attempt }: Pick<Event, 'subscription' | 'sequence' | 'attempt'>): void {
    this.say({ id: 0x35, subscription, sequence, attempt });
  }

  nack(event: Event, delayMs = 0, reason = 'no'): void {
    const { subscription, sequence, attempt } = event;
    this.say({ id: 0x36, subscription, sequence, attempt, delayMs, reason });
  }

  progress({ subscription, sequence, attempt }: Event): void {
    this.say({ id: 0x37, subscription, sequence, attempt });
  }

  seen({ subscription, to }: Skipped): void {
    this.say({ id: 0x35, subscription, sequence: to, attempt: 0 });
  }

  openProducer(producer = 1, name = 'outbox'): void {
    this.say({ id: 0x39, producer, producerId: producerIdOf(name) });
  }

  publish(number: number, to: string, about: Partial<Publish> = {}): void {
    this.say({
      id: 0x3b,
      producer: 1,
      number,
      settledNumber: 0,
      to,
      eventId: null,
      body: new TextEncoder().encode(`event ${String(number)}`),
      contentType: null,
      ttlMs: 0,
      delayMs: 0,
      relaxed: false,
      ...about,
    });
  }

  watch(agentId: string, watch = true): void {
    this.say({ id: 0x3d, agentId, watch });
  }

  #session(): DeliverySession {
    const isGone = (): boolean => this.#isGone || this.failedWith !== undefined;
    return {
      get state() {
        return isGone() ? 'Closed' : 'Open';
      },
      waitingBytes: 0,
      sendSubscribed: (subscription, lineage, cursor, nextSequence, waiting, windowEvents, ackWaitMs, durability) => {
        const about = { lineage, cursor, nextSequence, waiting, windowEvents, ackWaitMs, durability };
        const subscribed: Subscribed = { id: 0x31, subscription, ...about };
        this.subscribed.push(subscribed);
        this.onSubscribed?.(subscribed);
        this.log.push('subscribed');
      },
      sendUnsubscribed: (subscription, code) => {
        this.unsubscribed.push({ subscription, code: errorByNumber(code) });
        this.log.push('unsubscribed');
      },
      sendEvent: (subscription, sequence, attempt, eventId, publishedAt, from, topic, body, contentType) => {
        const about = { eventId, publishedAt, from, topic, body, contentType };
        const event: Event = { id: 0x34, subscription, sequence, attempt, ...about };
        this.events.push(event);
        this.log.push(`event ${String(sequence)}`);
        this.onEvent?.(event);
      },
      sendSkipped: (subscription, from, to, reason) => {
        const skipped: Skipped = { id: 0x38, subscription, from, to, reason };
        this.skipped.push(skipped);
        this.onSkipped?.(skipped);
        this.log.push(`skipped ${String(from)}-${String(to)}`);
      },
      sendProducerOpened: (producer, number, code) => {
        this.producersOpened.push({ producer, number, code: errorByNumber(code) });
      },
      sendReceipt: (producer, number, count, sequence, durability, code, retryAfterMs) => {
        const receipt: Receipt = { id: 0x3c, producer, number, count, sequence, durability, code, retryAfterMs };
        this.receipts.push(receipt);
        this.onReceipt?.(receipt);
      },
      sendPresence: (agentId, online, _lastSeenAt, code) => {
        this.presence.push({ agentId, online, code: errorByNumber(code) });
      },
      fail: (code) => {
        this.failedWith ??= code;
      },
    };
  }
}
