/**
 * Consumer: one subscription that one connection has open. It knows what its agent has and until when it must answer; what
 * is delivered to it, and what becomes of what failed, its queue reader decides.
 */
import type { ErrorCode } from '@sealane/shared/errors';
import type { Lease, QueueEntry, QueueSpec } from '../store/index.ts';
import { Alarm, type AlarmOwner } from './alarms.ts';
import { isOpen, type DeliverySink } from './environment.ts';
import type { ReaderHost } from './reader-host.ts';
import { SKIP_REASON_NUMBER } from './skip-reasons.ts';
import { UnsettledList, type Holder, type Unsettled } from './unsettled.ts';
import type { AgentUsage } from './usage.ts';

/** The connection that a consumer belongs to. */
export interface ConsumerOwner {
  readonly sink: DeliverySink;
  readonly lease: Lease | undefined;
  readonly isFenced: boolean;
  readonly usage: AgentUsage;
  dropSubscription(subscription: number, code: ErrorCode): void;
}

/** The queue that it takes from. */
export interface ConsumerQueue {
  readonly host: ReaderHost;
  readonly queueId: string;
  readonly spec: QueueSpec;
  readonly unsettled: ReadonlyMap<number, Unsettled>;
  touch(): void;
  isOnly(consumer: Consumer): boolean;
  leave(consumer: Consumer): void;
  onAck(unsettled: Unsettled): void;
  onNack(unsettled: Unsettled, about: { readonly delayMs: number; readonly reason: string }): void;
  onTimeout(unsettled: Unsettled): void;
}

/** What an agent asked for and was granted. */
export interface ConsumerOptions {
  /** Handle of the subscription on its connection. */
  readonly subscription: number;
  readonly windowEvents: number;
  readonly ackWaitMs: number;
}

export class Consumer implements AlarmOwner, Holder {
  readonly attachment: ConsumerOwner;
  readonly reader: ConsumerQueue;
  readonly subscription: number;
  readonly windowEvents: number;
  readonly ackWaitMs: number;
  /** What the agent has, the next deadline first. */
  readonly inFlight = new UnsettledList();
  /** It let an ack wait pass and has said nothing since: others of its group come first (fault R12). */
  isStalled = false;
  readonly #alarm = new Alarm(this);

  constructor(attachment: ConsumerOwner, reader: ConsumerQueue, options: ConsumerOptions) {
    this.attachment = attachment;
    this.reader = reader;
    this.subscription = options.subscription;
    this.windowEvents = options.windowEvents;
    this.ackWaitMs = options.ackWaitMs;
  }

  /** Whether it may be given one more. */
  get hasRoom(): boolean {
    const { count, bytes } = this.inFlight;
    const { windowBytesMax } = this.reader.host.limits;
    const { sink } = this.attachment;
    return count < this.windowEvents && bytes < windowBytesMax && isOpen(sink) && !this.isCongested;
  }

  /** Whether its connection has as much to send as it may. */
  get isCongested(): boolean {
    const { sink } = this.attachment;
    return sink.session.waitingBytes + sink.unsentBytes() >= sink.highWaterBytes;
  }

  deliver(entry: QueueEntry, unsettled: Unsettled, now: number): void {
    const { id, publishedAt, from, topic, body, contentType } = entry;
    const { session } = this.attachment.sink;
    const { sequence, attempt } = unsettled;
    this.#take(unsettled, now);
    session.sendEvent(this.subscription, sequence, attempt, id, publishedAt, from, topic ?? null, body, contentType);
    this.attachment.usage.countOut(body.length);
  }

  /** Announces sequences that come without an event. */
  announce(unsettled: Unsettled, now: number): void {
    const { from, sequence, skipReason } = unsettled;
    if (skipReason === undefined) return;
    this.#take(unsettled, now);
    this.attachment.sink.session.sendSkipped(this.subscription, from, sequence, SKIP_REASON_NUMBER[skipReason]);
  }

  onAck(sequence: number, attempt: number): void {
    const unsettled = this.#answered(sequence, attempt);
    if (unsettled !== undefined) this.reader.onAck(unsettled);
  }

  onNack(sequence: number, attempt: number, about: { readonly delayMs: number; readonly reason: string }): void {
    const unsettled = this.#answered(sequence, attempt);
    if (unsettled === undefined || unsettled.skipReason !== undefined) return;
    this.reader.onNack(unsettled, about);
  }

  /** The time for the ack starts anew. */
  onProgress(sequence: number, attempt: number): void {
    const unsettled = this.#answered(sequence, attempt);
    if (unsettled === undefined) return;
    this.inFlight.remove(unsettled);
    this.#take(unsettled, this.reader.host.environment.now());
  }

  /** It has nothing to do with this one any more. */
  release(unsettled: Unsettled): void {
    this.inFlight.remove(unsettled);
    unsettled.consumer = undefined;
  }

  countError(): void {
    this.attachment.usage.countError();
  }

  /** Ends it; what it had may go to others. */
  end(): void {
    this.reader.host.alarms.clear(this.#alarm);
    this.reader.leave(this);
  }

  onAlarm(now: number, lateMs: number): void {
    const { alarms, limits } = this.reader.host;
    const { first } = this.inFlight;
    if (first === undefined) return;
    const waits = lateMs > limits.ownPauseMs || (this.isCongested && this.reader.isOnly(this));
    if (waits) {
      // Acks may wait in a socket that this program did not read, or its agent may not have read what was sent.
      alarms.setBy(this.#alarm, now + limits.ownPauseMs);
      return;
    }
    for (let due = this.inFlight.first; due !== undefined && due.deadlineAt <= now; due = this.inFlight.first) {
      this.isStalled = true;
      this.reader.onTimeout(due);
    }
    const next = this.inFlight.first;
    if (next !== undefined) alarms.setBy(this.#alarm, next.deadlineAt);
  }

  #take(unsettled: Unsettled, now: number): void {
    unsettled.consumer = this;
    unsettled.lastConsumer = this;
    unsettled.deadlineAt = now + this.ackWaitMs;
    this.inFlight.append(unsettled);
    if (this.#alarm.index < 0) this.reader.host.alarms.setBy(this.#alarm, unsettled.deadlineAt);
  }

  /** What an answer is about; one to an earlier delivery, or to somebody else's, counts for nothing (fault R4). */
  #answered(sequence: number, attempt: number): Unsettled | undefined {
    if (this.isStalled) {
      this.isStalled = false;
      this.reader.touch();
    }
    const unsettled = this.reader.unsettled.get(sequence);
    if (unsettled !== undefined && unsettled.consumer === this && unsettled.attempt === attempt) return unsettled;
    const { acksRefused } = this.reader.host.counters;
    if (unsettled === undefined) acksRefused.unknown += 1;
    else if (unsettled.consumer === this || unsettled.consumer === undefined) acksRefused.stale += 1;
    else acksRefused.foreign += 1;
    return undefined;
  }
}
