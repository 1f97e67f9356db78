/**
 * QueueReader: the one reader of a queue on this node, whoever takes from it: an agent alone, or several of a group.
 *
 *   1. read what is next, as much as there is room for        2. first deliveries, in order of their sequences
 *   3. acks are gathered and settled at the end of the turn    4. what failed is delivered again (redelivery.ts)
 *
 * One entry that nobody acks holds its place in the window and nothing else. When the last consumer leaves, what it had
 * is released.
 */
import { StorageError } from '@sealane/shared/errors';
import type { Lease, QueueEntry, QueueInfo, QueueItem, QueueSpec, Settlement } from '../store/index.ts';
import { Alarm, type AlarmOwner } from './alarms.ts';
import type { Consumer, ConsumerQueue } from './consumer.ts';
import { Members } from './members.ts';
import { QueueFeed, type FeedQueue } from './queue-feed.ts';
import type { ReaderHost } from './reader-host.ts';
import { Redelivery, type RedeliveryQueue } from './redelivery.ts';
import { Settlements } from './settlements.ts';
import { Unsettled, type Holder } from './unsettled.ts';

export class QueueReader implements AlarmOwner, ConsumerQueue, FeedQueue, RedeliveryQueue {
  readonly host: ReaderHost;
  readonly queueId: string;
  readonly spec: QueueSpec;
  /** What was announced and is not settled, by sequence. */
  readonly unsettled = new Map<number, Unsettled>();
  isClosed = false;
  readonly #members = new Members();
  readonly #settlements: Settlements;
  readonly #redelivery = new Redelivery(this);
  readonly #feed: QueueFeed;
  readonly #alarm = new Alarm(this);
  /** Entries up to here may have been delivered before this reader began. */
  readonly #deliveredBefore: number;
  /** The highest sequence that was delivered. */
  deliveredTo: number;
  #hasBegun = false;
  #isTouched = false;
  /** Whom something was sent to that is not on its way. */
  #sentTo: Consumer[] = [];

  constructor(host: ReaderHost, info: QueueInfo, before: Promise<void> | undefined) {
    this.host = host;
    this.queueId = info.queueId;
    this.spec = info.spec;
    this.#deliveredBefore = info.deliveredTo;
    this.deliveredTo = info.deliveredTo;
    this.#feed = new QueueFeed(this, info.settledTo, before);
    const open = { has: (sequence: number) => this.unsettled.has(sequence), first: () => this.#firstOpen() };
    this.#settlements = new Settlements({ seesAll: info.spec.kind !== 'group', settledTo: info.settledTo, open });
  }

  /** In whose name the store is asked; undefined when another node took over. */
  get lease(): Lease | undefined {
    return this.#members.lease;
  }

  isOnly(consumer: Consumer): boolean {
    return this.#members.only === consumer;
  }

  get members(): readonly Consumer[] {
    return this.#members.all;
  }

  /** Gives back what was read when it was too late. */
  releaseLate(sequences: readonly number[], lease: Lease): void {
    this.host.store.release(this.queueId, this.deliveredTo, sequences, lease);
  }

  join(consumer: Consumer): void {
    this.#members.add(consumer);
    this.touch();
  }

  /** A consumer is gone: what it had goes to the others, or back to the queue. */
  leave(consumer: Consumer): void {
    if (!this.#members.has(consumer)) return;
    if (this.isOnly(consumer)) {
      this.#close();
      return;
    }
    this.#members.delete(consumer);
    const now = this.host.environment.now();
    for (let next = consumer.inFlight.first; next !== undefined; next = consumer.inFlight.first) {
      consumer.release(next);
      this.#redelivery.add(next, now);
    }
    this.touch();
  }

  /** The queue has more, or may have. */
  onMore(): void {
    this.#feed.mayHaveMore = true;
    this.touch();
  }

  /** Tries again what the store did not do. */
  retryAt(at: number): void {
    this.host.alarms.setBy(this.#alarm, at);
  }

  /** Something changed: settles and delivers at the end of the turn. */
  touch(): void {
    if (this.#isTouched || this.isClosed) return;
    this.#isTouched = true;
    this.host.environment.defer(this.#run);
  }

  onAlarm(): void {
    this.touch();
  }

  onAck(unsettled: Unsettled): void {
    if (unsettled.skipReason === undefined) {
      this.#settlements.acked(unsettled.sequence);
      this.host.counters.acked += 1;
    } else this.#settlements.skipSeen(unsettled.sequence);
    this.forget(unsettled);
    this.touch();
  }

  onNack(unsettled: Unsettled, { delayMs, reason }: { readonly delayMs: number; readonly reason: string }): void {
    this.host.counters.nacked += 1;
    unsettled.consumer?.countError();
    unsettled.consumer?.release(unsettled);
    this.#redelivery.fail(unsettled, { cause: 'nack', reason, delayMs });
    this.touch();
  }

  onTimeout(unsettled: Unsettled): void {
    this.host.counters.ackTimeouts += 1;
    unsettled.consumer?.countError();
    unsettled.consumer?.release(unsettled);
    this.#redelivery.fail(unsettled, { cause: 'timeout', reason: 'no ack in time', delayMs: 0 });
    this.touch();
  }

  /** An agent says what it is done with; the store knows it already. */
  noteDone(isDone: (sequence: number) => boolean): void {
    for (const unsettled of this.unsettled.values()) if (isDone(unsettled.sequence)) this.forget(unsettled);
    this.#feed.noteDone(isDone);
    this.touch();
  }

  /** It is settled. */
  forget(unsettled: Unsettled): void {
    this.unsettled.delete(unsettled.sequence);
    unsettled.isSettled = true;
    unsettled.consumer?.release(unsettled);
    this.#redelivery.delete(unsettled);
  }

  /** It may be what it was no more: it is read anew. */
  giveBack(unsettled: Unsettled): void {
    this.forget(unsettled);
    if (this.lease !== undefined) this.releaseLate([unsettled.sequence], this.lease);
    this.#feed.rewind(unsettled.from);
    this.touch();
  }

  /** Settles at the end of the turn. */
  settle(settlement: Settlement): void {
    this.#settlements.add(settlement);
  }

  /** Settles and waits until it is stored. @throws StorageError. */
  async settleNow(settlements: readonly Settlement[]): Promise<void> {
    const { lease } = this;
    if (lease === undefined) throw new StorageError('E_FENCED');
    try {
      await this.host.store.settle(this.queueId, settlements, lease);
    } catch (error) {
      this.onStoreFailure(error);
      throw error;
    }
  }

  /** The store did not do something. @returns when to try again, monotonic ms. */
  onStoreFailure(error: unknown): number {
    const { environment, limits, counters } = this.host;
    if (error instanceof StorageError && error.code === 'E_FENCED') this.#onFenced();
    counters.storeRetries += 1;
    return environment.now() + limits.storeRetryMs;
  }

  /**
   * Another node has the queue. The events of an agent go with the agent; of a topic it may only be that another instance
   * of it subscribes there: whether the agent itself was taken over, the store tells.
   */
  #onFenced(): void {
    if (this.lease === undefined) return;
    if (this.spec.kind !== 'subscription') this.host.onFenced(this.lease);
    else
      for (const { attachment, subscription } of [...this.members])
        attachment.dropSubscription(subscription, 'E_REPLACED');
  }

  pick(previous: Holder | undefined): Consumer | undefined {
    return this.#members.pick(previous);
  }

  deliverAgain(unsettled: Unsettled, entry: QueueEntry, now: number): void {
    const consumer = this.pick(unsettled.lastConsumer);
    if (consumer === undefined) {
      this.#redelivery.add(unsettled, now);
      return;
    }
    unsettled.attempt += 1;
    this.#deliver(consumer, entry, unsettled, now);
  }

  /** What was sent to it goes out at the end of the run. */
  sentTo(consumer: Consumer): void {
    if (this.#sentTo.at(-1) !== consumer) this.#sentTo.push(consumer);
  }

  readonly #run = (): void => {
    this.#isTouched = false;
    if (this.isClosed) return;
    this.#flush();
    if (this.host.isDraining) return;
    const now = this.host.environment.now();
    this.#redelivery.run(now);
    this.#deliverNext(now);
    if (this.pick(undefined) !== undefined) this.#feed.fill(this.#members.windowEvents - this.unsettled.size);
    for (const { attachment } of this.#sentTo.splice(0)) attachment.sink.wake();
  };

  #deliverNext(now: number): void {
    const wallClock = this.host.environment.wallClock();
    while (this.unsettled.size < this.#members.windowEvents) {
      const item = this.#feed.peek(wallClock);
      const consumer = item && this.pick(undefined);
      if (item === undefined || consumer === undefined) return;
      this.#feed.take();
      this.#deliverFirst(consumer, item, now);
    }
  }

  #deliverFirst(consumer: Consumer, item: QueueItem, now: number): void {
    const unsettled = new Unsettled(item, this.#deliveredBefore);
    this.unsettled.set(unsettled.sequence, unsettled);
    this.#settlements.announced(unsettled);
    if (item.kind === 'event') {
      this.#deliver(consumer, item, unsettled, now);
      return;
    }
    this.host.counters.skipsAnnounced += 1;
    consumer.announce(unsettled, now);
    this.sentTo(consumer);
  }

  #deliver(consumer: Consumer, entry: QueueEntry, unsettled: Unsettled, now: number): void {
    const { counters, environment, store } = this.host;
    if (!this.#hasBegun && consumer.attachment.lease !== undefined) {
      this.#hasBegun = true;
      store.beginDelivery(this.queueId, consumer.attachment.lease);
    }
    if (entry.sequence > this.deliveredTo) this.deliveredTo = entry.sequence;
    counters.delivered += 1;
    if (unsettled.attempt > 1) counters.redelivered += 1;
    else counters.lagSeconds.observe((environment.wallClock() - entry.publishedAt) / 1_000);
    consumer.deliver(entry, unsettled, now);
    this.sentTo(consumer);
  }

  #flush(): void {
    const { lease } = this;
    if (this.#settlements.isEmpty || lease === undefined) return;
    const settlements = this.#settlements.take();
    if (settlements.length === 0) return;
    this.host.store.settle(this.queueId, settlements, lease).catch((error: unknown) => {
      const retryAt = this.onStoreFailure(error);
      if (this.isClosed) return;
      this.#settlements.giveBack(settlements);
      this.retryAt(retryAt);
    });
  }

  /** The lowest sequence that is read and not settled. */
  #firstOpen(): number {
    let first = this.#feed.firstSequence;
    for (const sequence of this.unsettled.keys()) if (sequence < first) first = sequence;
    return first;
  }

  #close(): void {
    const lease = this.lease ?? this.#members.only?.attachment.lease;
    this.#flush();
    this.isClosed = true;
    this.#members.clear();
    this.#redelivery.stop();
    this.host.alarms.clear(this.#alarm);
    const held = [...this.unsettled.keys(), ...this.#feed.sequences, ...this.#settlements.seenSkips];
    if (lease !== undefined) this.releaseLate(held, lease);
    this.host.onReaderClosed(this, this.#feed.reading);
  }
}
