/**
 * Publisher: sends the events of one outbox over one connection after the other (docs/protocols/delivery.md §3).
 *
 *   open → Producer Open → Producer Opened → everything without a receipt, in order → receipts → out of the outbox
 *
 * A refusal with a time is tried again after it; any other one is final: the event leaves, and its caller, or the owner
 * where nobody waits, is told. What the server stored and this side does not know of is sent again, and absorbed.
 */
import { ProtocolError, type SealaneError } from '@sealane/shared/errors';
import type { ProducerOpened, Receipt as ReceiptPacket } from '@sealane/shared/packets';
import { Callers, type CallerWait } from './callers.ts';
import type { DeliveryLink } from './delivery-link.ts';
import { eventIdOf, numbered, type Added, type Outbox, type OutgoingEvent, type QueuedEvent } from './outbox.ts';
import type { QueuedReceipt, Receipt } from './receipt.ts';
import { finalRefusal, refusal, retryDelayMs } from './refusal.ts';
import { SendQueue } from './send-queue.ts';
import type { Cancel, Timers } from './timers.ts';

/** What a publisher needs of its owner. */
export interface PublisherOwner {
  readonly timers: Timers;
  /** An event was refused for good and nobody waits for it. */
  onRefused(event: { readonly id: string; readonly to: string }, error: SealaneError): void;
  /** Something that an operator has to know. */
  onIncident(message: string, error?: unknown): void;
}

/** No outbox comes so far: a server that has such a number is damaged, and numbers above it would be none. */
const NUMBER_MAX = 2 ** 52;

/** Read from the outbox at once. */
const READ = { eventsMax: 1_024, bytesMax: 2_097_152 } as const;
export class Publisher {
  readonly #outbox: Outbox;
  /** Handle of the outbox on every connection. */
  readonly #producer: number;
  readonly #owner: PublisherOwner;
  readonly #queue = new SendQueue();
  readonly #callers: Callers;
  #link: DeliveryLink | undefined;
  /** The server has said where the outbox stands: events may be sent. */
  #isOpened = false;
  /** Counts connections: what began on an earlier one is not continued. */
  #linkCount = 0;
  /** Why the server of this connection takes no events at all. */
  #unwanted: SealaneError | undefined;
  /** Numbers up to this one are durable; up to that one, in the queue or beyond it. */
  #storedTo: number;
  #queuedTo: number;
  #isReading = false;
  #cancelTimer: Cancel | undefined;

  constructor(outbox: Outbox, producer: number, owner: PublisherOwner) {
    this.#outbox = outbox;
    this.#producer = producer;
    this.#owner = owner;
    this.#callers = new Callers(owner.timers);
    this.#storedTo = outbox.lastNumber;
    this.#queuedTo = outbox.settledNumber;
  }

  /** Whether no event waits. */
  get isEmpty(): boolean {
    return this.#outbox.waiting.events === 0;
  }

  /** Events that were sent and have no receipt yet. */
  get inFlightCount(): number {
    return this.#queue.inFlightCount;
  }

  /** Publishes; resolves at the receipt. @throws as `Agent.publish`. */
  publish(event: OutgoingEvent, wait: CallerWait): Promise<Receipt> {
    const { number, added } = this.#outbox.add(event);
    const received = this.#callers.wait(number, wait);
    if (!(added instanceof Promise) && added.kind === 'stored') {
      this.#onAdded(numbered(event, number));
      return received;
    }
    // Both are waited for; whichever fails first is told.
    received.catch(() => undefined);
    return this.#receiptOf(numbered(event, number), added, received, wait);
  }

  /** Publishes; resolves when the event is durable here. */
  async queue(event: OutgoingEvent): Promise<QueuedReceipt> {
    const { number, added } = this.#outbox.add(event);
    const queued = numbered(event, number);
    await this.#whenAdded(queued, added);
    return { id: eventIdOf(this.#outbox.producerId, queued) };
  }

  /** There is a connection. */
  open(link: DeliveryLink): void {
    this.#link = link;
    this.#linkCount += 1;
    this.#isOpened = false;
    this.#refuseAll(undefined);
    if (link.hasEvents) link.openProducer({ producer: this.#producer, producerId: this.#outbox.producerId });
    else this.#refuseAll(new ProtocolError('E_NO_EVENTS', 'The server speaks a wire version without events'));
  }

  /** No event is sent over this connection any more; receipts are still taken. */
  stopSending(): void {
    this.#isOpened = false;
    this.#cancelTimer?.();
    void this.#outbox.useSending(false);
  }

  /** The connection is gone. @param why for callers whose time will be up. */
  lose(why: SealaneError | undefined): void {
    this.stopSending();
    this.#link = undefined;
    this.#linkCount += 1;
    this.#queue.restart();
    this.#callers.trouble = why;
    this.#unwanted = undefined;
  }

  /** Where the outbox stands at the server. */
  onOpened({ number, code, retryAfterMs }: ProducerOpened): void {
    const link = this.#link;
    if (link === undefined || this.#isOpened) return;
    if (code !== 0) {
      this.#onNotOpened(refusal(code, 'the server does not take this outbox'), retryAfterMs);
      return;
    }
    if (number > NUMBER_MAX) {
      link.fail('E_STATE');
      return;
    }
    void this.#begin(number, this.#linkCount).catch((error: unknown) => this.#onOutboxFailed(error));
  }

  onReceipt(receipt: ReceiptPacket): void {
    const { number, count, code } = receipt;
    if (count > Math.max(this.#queue.inFlightCount, 1)) {
      this.#link?.fail('E_STATE');
      return;
    }
    if (code !== 0) this.#onRefusal(receipt);
    else for (let index = 0; index < count; index++) this.#onStored(number + index, receipt, receipt.sequence + index);
    this.pump();
  }

  /** Sends what may be sent. */
  pump(): void {
    const link = this.#link;
    if (link === undefined || !this.#isOpened) return;
    const now = this.#owner.timers.now();
    while (!link.isCongested) {
      const event = this.#queue.next(now);
      if (event === undefined) break;
      this.#send(link, event);
    }
    if (!this.#isReading && this.#queuedTo < this.#storedTo && this.#queue.isShort) void this.#readMore();
    const { dueAt } = this.#queue;
    if (dueAt !== Number.POSITIVE_INFINITY) this.#later(Math.max(dueAt - now, 1), () => this.pump());
  }

  /** Everybody who waits is told; events stay in the outbox. */
  close(error: SealaneError): void {
    this.#cancelTimer?.();
    this.#link = undefined;
    this.#isOpened = false;
    this.#callers.rejectAll(error);
  }

  async #receiptOf(
    event: QueuedEvent,
    added: Added | Promise<Added>,
    received: Promise<Receipt>,
    wait: CallerWait,
  ): Promise<Receipt> {
    const outcome = await this.#whenAdded(event, added);
    if (outcome.kind === 'stored') return await received;
    if (outcome.receipt === undefined) return await this.#receiptOfFirst(event, outcome.number, wait);
    return outcome.receipt;
  }

  /** @throws ProtocolError `E_EVENT_CONFLICT`, what the disk did, and what the server of this connection said before. */
  async #whenAdded(event: QueuedEvent, added: Added | Promise<Added>): Promise<Exclude<Added, { kind: 'conflict' }>> {
    const { number } = event;
    let outcome: Added;
    try {
      outcome = await added;
    } catch (error) {
      this.#callers.reject(number, error as Error);
      throw error;
    }
    if (outcome.kind === 'conflict') {
      const error = new ProtocolError('E_EVENT_CONFLICT');
      this.#callers.reject(number, error);
      throw error;
    }
    if (outcome.kind === 'stored') this.#onAdded(event);
    else this.#callers.reject(number, new ProtocolError('E_CANCELLED'));
    return outcome;
  }

  #onAdded(event: QueuedEvent): void {
    const follows = this.#queuedTo === this.#storedTo;
    this.#storedTo = Math.max(this.#storedTo, event.number);
    if (follows && event.number > this.#queuedTo && this.#queue.hasRoom) {
      this.#queue.push(event);
      this.#queuedTo = event.number;
    }
    if (this.#unwanted !== undefined) this.#callers.reject(event.number, this.#unwanted);
    this.pump();
  }

  /** The same id was given before: its receipt is that of the first, which still waits or has just come. */
  async #receiptOfFirst(event: OutgoingEvent, number: number, wait: CallerWait): Promise<Receipt> {
    const first = this.#callers.wait(number, wait);
    first.catch(() => undefined);
    const receipt = await this.#outbox.receiptOf(event.eventId ?? '');
    if (receipt !== undefined) this.#callers.resolve(number, receipt);
    return await first;
  }

  async #begin(number: number, linkCount: number): Promise<void> {
    const { sentNumber } = this.#outbox;
    if (number > sentNumber) await this.#moveAbove(number, sentNumber);
    await this.#outbox.useSending(true);
    if (linkCount !== this.#linkCount) return;
    this.#callers.trouble = undefined;
    this.#isOpened = true;
    this.pump();
  }

  async #moveAbove(number: number, sentNumber: number): Promise<void> {
    this.#owner.onIncident(
      `the server knows events of this outbox up to number ${number}, the outbox itself only up to ${sentNumber}: ` +
        'it was restored from a copy. Events that were never sent get new numbers',
    );
    const moved = await this.#outbox.moveAbove(number);
    this.#queue.clear();
    this.#queuedTo = this.#outbox.settledNumber;
    this.#storedTo = Math.max(this.#storedTo, moved.last + moved.by);
    this.#callers.move(moved);
  }

  async #readMore(): Promise<void> {
    this.#isReading = true;
    const { storedTo, linkCount } = { storedTo: this.#storedTo, linkCount: this.#linkCount };
    try {
      const events = await this.#outbox.read(this.#queuedTo, READ);
      for (const event of events) if (event.number > this.#queuedTo) this.#queue.push(event);
      this.#queuedTo = Math.max(this.#queuedTo, events.at(-1)?.number ?? storedTo);
    } catch (error) {
      this.#onOutboxFailed(error);
      return;
    } finally {
      this.#isReading = false;
    }
    if (linkCount === this.#linkCount) this.pump();
  }

  #send(link: DeliveryLink, event: QueuedEvent): void {
    link.publish(event, this.#producer, this.#outbox.settledNumber);
  }

  #onNotOpened(error: ProtocolError, retryAfterMs: number): void {
    const delayMs = retryDelayMs(error.code, retryAfterMs);
    const link = this.#link;
    if (delayMs === 0 || link === undefined) {
      this.#refuseAll(error);
      return;
    }
    // It passes: callers wait, as for an event that is refused for now.
    this.#callers.trouble = error;
    this.#later(delayMs, () => this.open(link));
  }

  #onStored(number: number, { durability }: ReceiptPacket, sequence: number): void {
    const event = this.#queue.take(number);
    if (event === undefined) return;
    const id = eventIdOf(this.#outbox.producerId, event);
    const receipt: Receipt = { id, sequence, durability: durability === 0 ? 'durable' : 'relaxed' };
    this.#outbox.settle(event, receipt);
    this.#callers.resolve(number, receipt);
  }

  #onRefusal({ number, code, retryAfterMs }: ReceiptPacket): void {
    const error = refusal(code, 'the server refuses the event');
    const delayMs = retryDelayMs(error.code, retryAfterMs);
    if (delayMs > 0) {
      const until = this.#owner.timers.now() + delayMs;
      if (error.code === 'E_QUEUE_FULL') this.#queue.hold(number, until);
      else this.#queue.pause(number, until);
      this.#callers.trouble = error;
    } else if (error.code === 'E_NO_EVENTS') {
      this.#refuseAll(error);
      this.stopSending();
    } else this.#onFinalRefusal(number, error);
  }

  #onFinalRefusal(number: number, error: ProtocolError): void {
    const event = this.#queue.take(number);
    if (event === undefined) return;
    if (event.eventId === null && isOfACopy(error.code)) {
      this.#publishAnew(event).catch((cause: unknown) => this.#onOutboxFailed(cause));
      return;
    }
    this.#outbox.settle(event, undefined);
    const told = finalRefusal(error);
    if (this.#callers.reject(number, told)) return;
    this.#owner.onRefused({ id: eventIdOf(this.#outbox.producerId, event), to: event.to }, told);
  }

  /**
   * A copy of this outbox gave the number to another event, or may have: it goes out under a number of its own, and the id
   * that it had.
   */
  async #publishAnew(event: QueuedEvent): Promise<void> {
    const { number } = event;
    const again = { ...event, eventId: eventIdOf(this.#outbox.producerId, event) };
    const added = this.#outbox.add(again);
    this.#callers.move({ first: number - 1, last: number, by: added.number - number });
    await this.#whenAdded(numbered(again, added.number), added.added);
    this.#outbox.settle(event, undefined);
    this.#owner.onIncident(
      `the server knows another event under number ${number} of this outbox: it was restored from a copy, or is used from ` +
        'two copies at once. The event gets a new number',
    );
  }

  /** The server takes no events: callers are told, events stay for the next connection. */
  #refuseAll(error: SealaneError | undefined): void {
    this.#unwanted = error;
    if (error !== undefined) this.#callers.rejectAll(error);
  }

  #onOutboxFailed(error: unknown): void {
    this.stopSending();
    this.#owner.onIncident('the outbox cannot be read', error);
  }

  #later(delayMs: number, run: () => void): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#owner.timers.after(delayMs, run);
  }
}

/** Whether a number was given to two events, which only copies of an outbox do. */
function isOfACopy(code: SealaneError['code']): boolean {
  return code === 'E_EVENT_CONFLICT' || code === 'E_EVENT_SETTLED';
}
