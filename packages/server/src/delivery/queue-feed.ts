/**
 * QueueFeed: what comes next in a queue: reads it from the store, as much as there is room for, and drops what expired.
 * A run of expired entries becomes one skip, once that is stored: what follows waits, so that everything stays in order.
 */
import type { Lease, QueueItem, Settlement } from '../store/index.ts';
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
    this.#reading = host.store.read(queueId, request, lease).then(
      (items) => this.#onItems(items, limit, lease),
      (error: unknown) => this.#onFailed(error),
    );
  }

  #onItems(items: readonly QueueItem[], limit: number, lease: Lease): void {
    this.#reading = undefined;
    if (this.#reader.isClosed) {
      if (items.length > 0) this.#reader.releaseLate(items.map(lastSequence), lease);
      return;
    }
    if (items.length >= limit || bytesOf(items) >= this.#reader.host.limits.readBytesMax) this.mayHaveMore = true;
    for (const item of items) this.#readTo = Math.max(this.#readTo, lastSequence(item));
    // Of a group, what one of us has may be handed out anew in the name of another.
    this.#items = items.filter((item) => !this.#reader.unsettled.has(lastSequence(item)));
    this.#index = 0;
    if (this.#items.length > 0 || this.mayHaveMore) this.#reader.touch();
  }

  #onFailed(error: unknown): void {
    this.#reading = undefined;
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
    this.#items = [{ kind: 'skip', from, to, reason: 'expired' }, ...this.#items.slice(this.#index + expired.length)];
    this.#index = 0;
    this.#reader.touch();
  }
}

function lastSequence(item: QueueItem): number {
  return item.kind === 'event' ? item.sequence : item.to;
}

function bytesOf(items: readonly QueueItem[]): number {
  let bytes = 0;
  for (const item of items) if (item.kind === 'event') bytes += item.body.length;
  return bytes;
}
