/**
 * Publisher: takes events in (docs/protocols/delivery.md §3).
 *
 *   known before? → which queues? → room? → record and step written → queues, outbox and ids changed
 *
 * Everything happens at once; the committer then makes it last. So events are stored in the order in which they came.
 */
import { crc32 } from 'node:zlib';
import type { Producer } from '../state/producers.ts';
import { STATUS } from '../state/pending-chunk.ts';
import type { Queue } from '../state/queue.ts';
import type { IdHash } from '../state/recent-ids.ts';
import type { NewEvent, ProducerRef, PublishResult } from '../store.ts';
import { writeEventRecord } from './event-record.ts';
import { writeDueStep, writeEntries, writeEventStep, writeProducerDeletedStep, writeProducerStep } from './steps.ts';
import type { StoreCore } from './store-core.ts';

type Refusal = Extract<PublishResult, { status: 'refused' }>;

const AGENT_PREFIX = 'agent:';
const TOPIC_PREFIX = 'topic:';
/** When a producer may come again whose receiver's queue is full. */
const QUEUE_FULL_RETRY_MS = 5_000;

const CONFLICT = refusal('E_EVENT_CONFLICT', 0);
const SETTLED = refusal('E_EVENT_SETTLED', 0);
const UNKNOWN_ADDRESS = refusal('E_UNKNOWN_ADDRESS', 0);
const QUEUE_FULL = refusal('E_QUEUE_FULL', QUEUE_FULL_RETRY_MS);

export class Publisher {
  readonly #core: StoreCore;
  /** Queues of the event at hand. */
  #queues: Queue[] = [];
  #lastRef: ProducerRef | undefined;
  #lastProducer: Producer | undefined;
  readonly #isFull = (queue: Queue): boolean => this.#isFullFor(queue, this.#bytes);
  #bytes = 0;

  constructor(core: StoreCore) {
    this.#core = core;
  }

  /** Takes one event. */
  publish(event: NewEvent): PublishResult {
    const { committer } = this.#core;
    const { records } = committer;
    const start = records.length;
    const contentHash = identityOf(event, writeEventRecord(records, event));
    const idHash = this.#idHashOf(event);
    const known = this.#findKnown(event, contentHash, idHash);
    if (known !== undefined) {
      records.length = start;
      return known;
    }
    this.#bytes = records.length - start;
    const refused = this.#route(event);
    if (refused !== undefined) {
      records.length = start;
      return refused;
    }
    return this.#store(event, { start, contentHash, idHash });
  }

  /** An event is due: its queues get it now, full or not, since its receipt was given. */
  publishDelayed(sequence: number): readonly Queue[] {
    const { state, committer } = this.#core;
    const delayed = state.delayed.delete(sequence);
    if (delayed === undefined) return [];
    this.#findQueues(delayed.to);
    const queues = this.#queues;
    writeDueStep(committer.head, state.pool.placeOf(delayed.slot));
    writeEntries(committer.head, queues, () => false);
    for (const queue of queues) {
      state.pool.hold(delayed.slot);
      state.append(queue, delayed.slot);
      committer.touch(queue);
    }
    state.pool.release(delayed.slot);
    return queues;
  }

  #idHashOf(event: NewEvent): IdHash | undefined {
    return event.dedup.kind === 'id' ? this.#core.state.recentIds.hash(event.from, event.id) : undefined;
  }

  /** The answer to a repetition; undefined for an event that is new. */
  #findKnown({ dedup }: NewEvent, contentHash: number, idHash: IdHash | undefined): PublishResult | undefined {
    if (idHash !== undefined) {
      const known = this.#core.state.recentIds.find(idHash);
      if (known === undefined) return undefined;
      if (known.contentHash !== contentHash) return CONFLICT;
      return { status: 'duplicate', sequence: known.sequence, durability: 'durable' };
    }
    if (dedup.kind !== 'number') return undefined;
    const producer = this.#producerOf(dedup.producer);
    if (producer === undefined || dedup.number > producer.number) return undefined;
    const receipt = producer.receipts.find(dedup.number);
    // A number between that was refused for a while is stored now.
    if (receipt === undefined) return dedup.number <= producer.settledNumber ? SETTLED : undefined;
    if (receipt.contentHash !== contentHash) return CONFLICT;
    return {
      status: 'duplicate',
      sequence: receipt.sequence,
      durability: receipt.isRelaxed ? 'relaxed' : 'durable',
    };
  }

  #producerOf(ref: ProducerRef): Producer | undefined {
    if (ref === this.#lastRef && this.#lastProducer?.isDeleted === false) return this.#lastProducer;
    this.#lastRef = ref;
    this.#lastProducer = this.#core.state.producers.find(ref);
    return this.#lastProducer;
  }

  /** Finds the queues. @returns why there is no way to them. */
  #route({ to, from, dueAt }: NewEvent): Refusal | undefined {
    const { state, environment } = this.#core;
    this.#findQueues(to);
    const isDirect = to.startsWith(AGENT_PREFIX);
    if (isDirect) {
      const [queue] = this.#queues;
      if (queue === undefined) return UNKNOWN_ADDRESS;
      if (this.#isFull(queue)) return QUEUE_FULL;
    }
    const isDelayed = dueAt > environment.now();
    return isDelayed && !state.delayed.hasRoom(from, this.#bytes) ? QUEUE_FULL : undefined;
  }

  #findQueues(to: string): void {
    const { queues } = this.#core.state;
    this.#queues.length = 0;
    if (to.startsWith(TOPIC_PREFIX)) {
      queues.match(to.slice(TOPIC_PREFIX.length), this.#queues);
      return;
    }
    const direct = queues.direct(to.slice(AGENT_PREFIX.length));
    if (direct !== undefined) this.#queues.push(direct);
  }

  #isFullFor(queue: Queue, bytes: number): boolean {
    const { eventsMax, bytesMax } = this.#core.limits;
    const { content } = queue;
    return content !== null && (content.waiting >= eventsMax || content.waitingBytes + bytes > bytesMax);
  }

  #store(
    event: NewEvent,
    written: { readonly start: number; readonly contentHash: number; readonly idHash: IdHash | undefined },
  ): PublishResult {
    const { state, committer, environment } = this.#core;
    const { start, contentHash, idHash } = written;
    const isDelayed = event.dueAt > environment.now();
    const queues = this.#queues;
    if (isDelayed) queues.length = 0;
    else if (queues.length === 0) {
      // Nobody wants it: it has its place in the log, and needs no bytes there.
      committer.records.length = start;
      this.#bytes = 0;
    }
    const bytes = this.#bytes;
    const position = committer.recordPosition - bytes;
    const producer = this.#openProducer(event);
    writeEventStep(committer.head, { event, bytes, contentHash, producer, idHash, isDelayed });
    writeEntries(committer.head, queues, this.#isFull);
    const sequence = state.nextEventSequence++;
    if (bytes > 0) this.#enqueue(event, { sequence, position, isDelayed });
    if (producer !== undefined && event.dedup.kind === 'number') {
      const receipt = { sequence, isRelaxed: event.durability === 'relaxed', contentHash };
      producer.note(event.dedup.number, event.dedup.settledNumber, receipt);
      state.markProducerDirty(producer);
    }
    if (idHash !== undefined) state.recentIds.add(idHash, { sequence, contentHash }, event.publishedAt);
    committer.wrote();
    return { status: 'stored', sequence, durability: event.durability };
  }

  #enqueue(
    { publishedAt, expiresAt, dueAt, to, from }: NewEvent,
    at: { readonly sequence: number; readonly position: number; readonly isDelayed: boolean },
  ): void {
    const { state, committer } = this.#core;
    const { sequence, position, isDelayed } = at;
    const place = { sequence, position, bytes: this.#bytes, publishedAt, expiresAt };
    // Held once by this function, so that it stays until all queues have it.
    const slot = state.pool.add(place, 1);
    if (isDelayed) {
      state.delayed.add({ sequence, dueAt, to, from, slot, bytes: this.#bytes });
      return;
    }
    for (const queue of this.#queues) {
      if (this.#isFull(queue)) state.appendSkip(queue, STATUS.overflow);
      else {
        state.pool.hold(slot);
        state.append(queue, slot);
      }
      committer.touch(queue);
    }
    state.pool.release(slot);
  }

  /** The outbox of an event that is to be stored, made where it is new. */
  #openProducer({ dedup }: NewEvent): Producer | undefined {
    if (dedup.kind !== 'number') return undefined;
    const known = this.#producerOf(dedup.producer);
    if (known !== undefined) return known;
    const { state, committer } = this.#core;
    const replaced = state.producers.toReplace(dedup.producer.agentId);
    if (replaced !== undefined) {
      writeProducerDeletedStep(committer.head, replaced);
      state.deleteProducer(replaced);
    }
    const producer = state.producers.add(state.producers.nextIndex, dedup.producer);
    writeProducerStep(committer.head, producer);
    this.#lastProducer = producer;
    return producer;
  }
}

/** What a repetition has in common: of an outbox, where a number is repeated, also an id that is not made of it. */
function identityOf({ id, dedup }: NewEvent, contentHash: number): number {
  if (dedup.kind !== 'number' || id.startsWith(dedup.producer.producerId)) return contentHash;
  return crc32(id, contentHash);
}

function refusal(code: Refusal['code'], retryAfterMs: number): Refusal {
  return { status: 'refused', code, retryAfterMs };
}
