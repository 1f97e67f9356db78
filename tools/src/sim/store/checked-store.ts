/**
 * CheckedStore: a store of the world under the eyes of the checker: what is settled for good is never handed out again.
 * With a planted bug it makes that mistake.
 */
import type {
  Lease,
  NewEvent,
  ProducerRef,
  PublishResult,
  QueueEntry,
  QueueInfo,
  QueueItem,
  QueueSpec,
  ReadRequest,
  Settlement,
} from '@sealane/server/store';
import type { PlantedBug } from '../planted/planted-bug.ts';
import { SimStore, type SimStoreOptions } from './sim-store.ts';

/** What outlives a store. */
export interface SettledBook {
  /** Sequences that are settled for good and since when, by queue. */
  readonly settled: Map<string, Map<number, number>>;
  /** Counts stores. */
  lives: number;
  fault(what: string): void;
}

export interface CheckedStoreOptions extends SimStoreOptions {
  readonly book: SettledBook;
  readonly bug: PlantedBug | undefined;
  /** Time of the world. */
  readonly now: () => number;
}

export class CheckedStore extends SimStore {
  readonly #book: SettledBook;
  readonly #bug: PlantedBug | undefined;
  readonly #life: string;
  readonly #now: () => number;

  constructor(options: CheckedStoreOptions) {
    super(options);
    this.#book = options.book;
    this.#bug = options.bug;
    this.#now = options.now;
    this.#life = String((options.book.lives += 1)).padStart(3, '0');
  }

  override async publish(events: readonly NewEvent[]): Promise<readonly PublishResult[]> {
    if (this.#bug !== 'dedup-forgotten') return await super.publish(events);
    return await super.publish(
      events.map(({ dedup, ...event }) => ({
        ...event,
        dedup: dedup.kind === 'number' ? { ...dedup, producer: this.#renamed(dedup.producer) } : dedup,
      })),
    );
  }

  override async producerNumber(producer: ProducerRef): Promise<number> {
    return await super.producerNumber(this.#bug === 'dedup-forgotten' ? this.#renamed(producer) : producer);
  }

  override async openQueue(spec: QueueSpec): Promise<QueueInfo> {
    const info = await super.openQueue(spec);
    return this.#bug === 'delivered-forgotten' ? { ...info, deliveredTo: info.settledTo } : info;
  }

  override async read(queueId: string, request: ReadRequest, lease: Lease): Promise<readonly QueueItem[]> {
    const askedAt = this.#now();
    const items = await super.read(queueId, request, lease);
    for (const item of items) if (item.kind === 'event') this.#check(queueId, item, askedAt);
    if (this.#bug === 'byte-changed') return items.map(changed);
    return this.#bug === 'order-swapped' ? items.toReversed() : items;
  }

  override async readAgain(
    queueId: string,
    sequences: readonly number[],
    lease: Lease,
  ): Promise<readonly QueueEntry[]> {
    const askedAt = this.#now();
    const entries = await super.readAgain(queueId, sequences, lease);
    for (const entry of entries) this.#check(queueId, entry, askedAt);
    return entries;
  }

  override async settle(queueId: string, settlements: readonly Settlement[], lease: Lease): Promise<void> {
    const isDropped = this.#bug === 'acks-dropped';
    await super.settle(queueId, isDropped ? settlements.filter(({ kind }) => kind !== 'acked') : settlements, lease);
    let settled = this.#book.settled.get(queueId);
    if (settled === undefined) this.#book.settled.set(queueId, (settled = new Map<number, number>()));
    for (const each of settlements) if (each.kind === 'acked') settled.set(each.sequence, this.#now());
  }

  #check(queueId: string, { sequence, id }: QueueEntry, askedAt: number): void {
    const settledAt = this.#book.settled.get(queueId)?.get(sequence);
    // A read may have begun before.
    if (settledAt !== undefined && settledAt < askedAt)
      this.#book.fault(`${queueId} ${sequence} (${id}) is handed out again after it was settled`);
  }

  #renamed({ agentId, producerId }: ProducerRef): ProducerRef {
    return { agentId, producerId: producerId.slice(0, -this.#life.length) + this.#life };
  }
}

function changed(item: QueueItem): QueueItem {
  if (item.kind !== 'event' || item.sequence % 7 !== 0) return item;
  const body = Uint8Array.from(item.body);
  body[0] = (body[0] ?? 0) ^ 1;
  return { ...item, body };
}
