/**
 * QueueFeed: what comes next in a queue: reads it from the store, as much as there is room for, and drops what expired.
 * A run of expired entries becomes one skip, once that is stored: what follows waits, so that everything stays in order.
 */
import { EVENT_BODY_BYTES_MAX, type Lease, type QueueItem, type Settlement } from '../store/index.ts';
import type { ReaderHost } from './reader-host.ts';
import type { Unsettled } from './unsettled.ts';

/** The queue that is read. */
export interface FeedQueue {
  readonly host: ReaderHost;
  readonly queueId: string;
  readonly lease: Lease | undefined;
  readonly isClosed: boolean;
  readonly unsettled: ReadonlyMap<number, Unsettled>;
  touch(): void;
  retryAt(at: number): void;
  releaseLate(sequences: readonly number[], lease: Lease): void;
  settleNow(settlements: readonly Settlement[]): Promise<void>;
  onStoreFailure(error: unknown): number;
}

/** Items that one read asks for at most. */
const READ_ITEMS_MAX = 1_024;
/** What a store may count of an item beside its body: ids, addresses, type. */
const ITEM_OVERHEAD_BYTES = 2_048;

export class QueueFeed {
  /** Whether a read may find something. */
  mayHaveMore = true;
  readonly #reader: FeedQueue;
  #readTo: number;
  #items: readonly QueueItem[] = [];
  #index = 0;
  /** Settles when the read that is under way is over. */
  #reading: Promise<void> | undefined;
  #isDropping = false;
  /** What agents said while a read was under way that they are done with. */
  #doneMeanwhile: ((sequence: number) => boolean)[] = [];
  /** Given back, and not read again so far: nothing from here on may count as known. */
  #awaitedFrom = Number.POSITIVE_INFINITY;

  /** @param before a read of an earlier reader of the queue: what it gets goes back, and comes first. */
  constructor(reader: FeedQueue, settledTo: number, before: Promise<void> | undefined) {
    this.#reader = reader;
    this.#readTo = settledTo;
    this.#reading = before?.then(() => {
      this.#reading = undefined;
      reader.touch();
    });
  }

  /** The read that is under way. */
  get reading(): Promise<void> | undefined {
    return this.#reading;
  }

  /** Sequences that were read and not taken. */
  get sequences(): readonly number[] {
    return this.#items.slice(this.#index).map(lastSequence);
  }

  /** The lowest sequence that was read and not taken, or that is to be read again; Infinity for none. */
  get firstSequence(): number {
    const first = this.#items[this.#index];
    return first === undefined ? this.#awaitedFrom : Math.min(lastSequence(first), this.#awaitedFrom);
  }

  /** The next item, where one is there and may be delivered. */
  peek(wallClock: number): QueueItem | undefined {
    if (this.#isDropping) return undefined;
    const item = this.#items[this.#index];
    if (item?.kind === 'event' && item.expiresAt <= wallClock) {
      this.#dropExpired(wallClock);
      return undefined;
    }
    return item;
  }

  /** The item of `peek` is taken. */
  take(): void {
    this.#index += 1;
    if (this.#index < this.#items.length) return;
    this.#items = [];
    this.#index = 0;
  }

  /** Reads more, where nothing is left and there is room for it. */
  fill(room: number): void {
    if (this.#reading !== undefined || !this.mayHaveMore || this.#items.length > 0 || room <= 0) return;
    const { lease, queueId, host } = this.#reader;
    if (lease === undefined) return;
    this.mayHaveMore = false;
    const limit = Math.min(room, READ_ITEMS_MAX);
    const request = { after: this.#readTo, limit, bytesMax: host.limits.readBytesMax };
    const awaitedFrom = this.#awaitedFrom;
    this.#reading = host.store.read(queueId, request, lease).then(
      (items) => {
        this.#onItems(items, limit, lease);
        if (this.#awaitedFrom === awaitedFrom) this.#noteAwaited(items);
      },
      (error: unknown) => this.#onFailed(error),
    );
  }

  /** An agent says what it is done with; the store knows it already. */
  noteDone(isDone: (sequence: number) => boolean): void {
    this.#items = withoutDone(this.#items.slice(this.#index), isDone);
    this.#index = 0;
    if (this.#reading !== undefined) this.#doneMeanwhile.push(isDone);
  }

  /** A sequence of a group was given back, and is looked at again with all that follow. */
  rewind(sequence: number): void {
    this.#readTo = Math.min(this.#readTo, sequence - 1);
    this.#awaitedFrom = Math.min(this.#awaitedFrom, sequence);
    this.mayHaveMore = true;
  }

  /** What was awaited came with this read, unless that ended before it. */
  #noteAwaited(items: readonly QueueItem[]): void {
    const last = items.at(-1);
    const isThere = !this.mayHaveMore || (last !== undefined && lastSequence(last) >= this.#awaitedFrom);
    if (this.#awaitedFrom === Number.POSITIVE_INFINITY || !isThere) return;
    this.#awaitedFrom = Number.POSITIVE_INFINITY;
    this.#reader.touch();
  }

  #onItems(items: readonly QueueItem[], limit: number, lease: Lease): void {
    this.#reading = undefined;
    if (this.#reader.isClosed) {
      if (items.length > 0) this.#reader.releaseLate(items.map(lastSequence), lease);
      return;
    }
    const isFull = bytesOf(items) + EVENT_BODY_BYTES_MAX >= this.#reader.host.limits.readBytesMax;
    if (items.length > 0 && (isFull || items.length >= limit)) this.mayHaveMore = true;
    for (const item of items) this.#readTo = Math.max(this.#readTo, lastSequence(item));
    // Of a group, what one of us has may be handed out anew in the name of another.
    const fresh = items.filter((item) => !this.#reader.unsettled.has(lastSequence(item)));
    this.#items = this.#doneMeanwhile.splice(0).reduce(withoutDone, fresh);
    this.#index = 0;
    if (this.#items.length > 0 || this.mayHaveMore) this.#reader.touch();
  }

  #onFailed(error: unknown): void {
    this.#reading = undefined;
    this.#doneMeanwhile = [];
    this.mayHaveMore = true;
    if (!this.#reader.isClosed) this.#reader.retryAt(this.#reader.onStoreFailure(error));
  }

  #dropExpired(wallClock: number): void {
    const expired: number[] = [];
    for (let index = this.#index; ; index++) {
      const item = this.#items[index];
      const before = expired.at(-1);
      if (item?.kind !== 'event' || item.expiresAt > wallClock) break;
      if (before !== undefined && item.sequence !== before + 1) break;
      expired.push(item.sequence);
    }
    this.#isDropping = true;
    this.#reader.settleNow(expired.map((sequence) => ({ kind: 'dropped', sequence, reason: 'expired' }))).then(
      () => this.#onDropped(expired),
      () => {
        const { environment, limits } = this.#reader.host;
        this.#isDropping = false;
        if (!this.#reader.isClosed) this.#reader.retryAt(environment.now() + limits.storeRetryMs);
      },
    );
  }

  #onDropped(expired: readonly number[]): void {
    this.#isDropping = false;
    const [from = 0] = expired;
    const to = expired.at(-1) ?? from;
    this.#reader.host.counters.expired += expired.length;
    const dropped = new Set(expired);
    const others = withoutDone(this.#items.slice(this.#index), (sequence) => dropped.has(sequence));
    this.#items = [{ kind: 'skip', from, to, reason: 'expired' }, ...others];
    this.#index = 0;
    this.#reader.touch();
  }
}

function lastSequence(item: QueueItem): number {
  return item.kind === 'event' ? item.sequence : item.to;
}

/** A skip stays: to hear of it twice is harmless. */
function withoutDone(items: readonly QueueItem[], isDone: (sequence: number) => boolean): readonly QueueItem[] {
  return items.filter((item) => item.kind === 'skip' || !isDone(item.sequence));
}

function bytesOf(items: readonly QueueItem[]): number {
  let bytes = 0;
  for (const item of items) bytes += ITEM_OVERHEAD_BYTES + (item.kind === 'event' ? item.body.length : 0);
  return bytes;
}
