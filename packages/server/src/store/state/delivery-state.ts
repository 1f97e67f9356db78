/**
 * DeliveryState: queues, outboxes, recent ids and delayed events of one store, as a deterministic state machine
 * (docs/protocols/delivery.md §3 to §7). It decides nothing and does no I/O: whoever drives it says what happened, at
 * first by doing it, later by replaying the log.
 *
 * Every step carries the position of its batch. A part that a checkpoint wrote later than that has the step in it
 * already, so a step is safe to replay over a checkpoint that was written while others went on.
 */
import type { QueueSpec } from '../store.ts';
import { DelayedEvents } from './delayed-events.ts';
import { EventPool, type EventLog } from './event-pool.ts';
import { STATUS, type PendingChunk, type Status } from './pending-chunk.ts';
import { ProducerTable, type Producer } from './producers.ts';
import { FAILURE_HISTORY_MAX, type Failures, type QueueContent } from './queue-content.ts';
import { QueueDirectory } from './queue-directory.ts';
import { Queue } from './queue.ts';
import { RecentIds } from './recent-ids.ts';

/** Sequences of a queue, both included. */
export interface SequenceRange {
  readonly from: number;
  readonly to: number;
}

export interface DeliveryStateOptions {
  /** 8 bytes, the same for the life of the store. */
  readonly idSecret: Uint8Array;
  readonly log: EventLog;
}

export class DeliveryState {
  readonly queues = new QueueDirectory();
  readonly producers = new ProducerTable();
  readonly delayed = new DelayedEvents();
  readonly recentIds: RecentIds;
  readonly pool: EventPool;
  /** Position that the next event of the log gets. */
  nextEventSequence = 1;
  /** Entries of all queues that wait. */
  waiting = 0;
  dirtyQueues: Queue[] = [];
  dirtyProducers: Producer[] = [];

  constructor({ idSecret, log }: DeliveryStateOptions) {
    this.recentIds = new RecentIds(idSecret);
    this.pool = new EventPool(log);
  }

  /** Opens a queue that is not open. */
  openQueue(index: number, spec: QueueSpec): Queue {
    const known = this.queues.at(index);
    if (known !== undefined) return known;
    const queue = this.restoreQueue(index, spec);
    this.markDirty(queue);
    return queue;
  }

  /** A queue that a checkpoint wrote. */
  restoreQueue(index: number, spec: QueueSpec): Queue {
    const queue = new Queue(index, spec);
    this.queues.add(queue);
    return queue;
  }

  /** Closes a queue for ever; what waits in it is released. */
  deleteQueue(queue: Queue): void {
    if (queue.isDeleted) return;
    const { content } = queue;
    this.#settleRange(queue, { from: queue.settledTo + 1, to: queue.nextSequence - 1 }, Number.POSITIVE_INFINITY);
    if (content !== null) content.failures = undefined;
    queue.isDeleted = true;
    this.queues.delete(queue);
    this.markDirty(queue);
  }

  /** An event gets the next sequence of a queue. */
  append(queue: Queue, slot: number): void {
    const content = queue.fill();
    const chunk = content.append(queue.nextSequence, STATUS.waiting, slot);
    const expiresAt = this.pool.expiresAtOf(slot);
    if (expiresAt < chunk.expiresAtMin) chunk.expiresAtMin = expiresAt;
    queue.nextSequence += 1;
    content.waiting += 1;
    content.waitingBytes += this.pool.bytesOf(slot);
    this.waiting += 1;
    this.markDirty(queue);
  }

  /** The next sequence of a queue comes without an event. */
  appendSkip(queue: Queue, status: Status): void {
    queue.fill().append(queue.nextSequence, status, 0);
    queue.nextSequence += 1;
    this.markDirty(queue);
  }

  /** One entry is done. */
  settle(queue: Queue, sequence: number, at: number): void {
    const { content } = queue;
    const chunk = content?.chunkOf(sequence);
    if (content === null || chunk === undefined || chunk.savedAt >= at) return;
    if (chunk.statusOf(sequence) === STATUS.waiting) this.#end(content, chunk, sequence, STATUS.settled);
    else endSkip(content, chunk, sequence);
    this.#consume(queue, content);
  }

  /** Everything up to a sequence is done. */
  settleTo(queue: Queue, sequence: number, at: number): void {
    this.#settleRange(queue, { from: queue.settledTo + 1, to: Math.min(sequence, queue.nextSequence - 1) }, at);
  }

  /** What a checkpoint wrote as waiting, and the queue itself as done by then, is done. */
  settleBehind(queue: Queue): void {
    const { content } = queue;
    if (content === null) return;
    this.#settleRange(queue, { from: 0, to: queue.settledTo }, Number.POSITIVE_INFINITY);
    for (const sequence of content.failures?.keys() ?? []) {
      if (content.chunkOf(sequence)?.statusOf(sequence) !== STATUS.waiting) content.failures?.delete(sequence);
    }
  }

  /** The skips up to a sequence were announced and are done. */
  settleSkips(queue: Queue, to: number, at: number): void {
    const { content } = queue;
    if (content === null) return;
    for (let index = 0; index < content.chunkCount; index++) {
      const chunk = content.chunkAt(index);
      if (chunk === undefined || chunk.first > to) break;
      if (chunk.savedAt < at) settleSkipsOf(content, chunk, to);
    }
    this.#consume(queue, content);
  }

  /** Entries are taken out; their sequences are to be announced. */
  skip(queue: Queue, { from, to }: SequenceRange, status: Status, at: number): void {
    const { content } = queue;
    if (content === null) return;
    this.#forRange(content, { from, to }, at, (chunk, sequence) => {
      if (chunk.statusOf(sequence) === STATUS.waiting) this.#end(content, chunk, sequence, status);
    });
    this.markDirty(queue);
  }

  /** A failure that counts. */
  fail(
    queue: Queue,
    sequence: number,
    failure: { readonly at: number; readonly reason: string },
  ): Failures | undefined {
    const { content } = queue;
    const chunk = content?.chunkOf(sequence);
    if (content === null || chunk === undefined || chunk.statusOf(sequence) !== STATUS.waiting) return undefined;
    content.failures ??= new Map();
    let failures = content.failures.get(sequence);
    if (failures === undefined) content.failures.set(sequence, (failures = { count: 0, history: [] }));
    failures.count += 1;
    failures.history.push(failure);
    if (failures.history.length > FAILURE_HISTORY_MAX) failures.history.shift();
    this.markDirty(queue);
    return failures;
  }

  /** A consumer may be sent anything from now on. */
  beginDelivery(queue: Queue): void {
    queue.isDelivering = true;
    this.markDirty(queue);
  }

  /** The consumer is gone; it was sent entries up to `deliveredTo` at most. */
  release(queue: Queue, deliveredTo: number): void {
    queue.isDelivering = false;
    queue.deliveredTo = Math.max(queue.deliveredTo, Math.min(deliveredTo, queue.nextSequence - 1));
    this.markDirty(queue);
  }

  markDirty(queue: Queue): void {
    if (queue.isDirty) return;
    queue.isDirty = true;
    this.dirtyQueues.push(queue);
  }

  markProducerDirty(producer: Producer): void {
    if (producer.isDirty) return;
    producer.isDirty = true;
    this.dirtyProducers.push(producer);
  }

  deleteProducer(producer: Producer): void {
    this.producers.delete(producer);
    this.markProducerDirty(producer);
  }

  #settleRange(queue: Queue, range: SequenceRange, at: number): void {
    const { content } = queue;
    if (content === null) return;
    this.#forRange(content, range, at, (chunk, sequence) => {
      if (chunk.statusOf(sequence) === STATUS.waiting) this.#end(content, chunk, sequence, STATUS.settled);
      else endSkip(content, chunk, sequence);
    });
    settleRuns(content, range, at);
    this.#consume(queue, content);
  }

  #forRange(
    content: QueueContent,
    { from, to }: SequenceRange,
    at: number,
    visit: (chunk: PendingChunk, sequence: number) => void,
  ): void {
    for (let index = content.indexFor(from); index < content.chunkCount; index++) {
      const chunk = content.chunkAt(index);
      if (chunk === undefined || chunk.first > to) return;
      if (chunk.savedAt >= at || chunk.runStatus !== undefined) continue;
      const end = Math.min(chunk.end, to + 1);
      for (let sequence = Math.max(chunk.first, from); sequence < end; sequence++) visit(chunk, sequence);
    }
  }

  /** An entry waits no more. */
  #end(content: QueueContent, chunk: PendingChunk, sequence: number, status: Status): void {
    const slot = chunk.slotOf(sequence);
    chunk.setStatus(sequence, status);
    content.waiting -= 1;
    content.waitingBytes -= this.pool.bytesOf(slot);
    this.waiting -= 1;
    content.failures?.delete(sequence);
    // Who had it as an event hears that it is gone, and gives it back.
    if (status === STATUS.settled) content.held?.delete(sequence);
    this.pool.release(slot);
  }

  #consume(queue: Queue, content: QueueContent): void {
    queue.settledTo = content.consume(queue.settledTo, queue.nextSequence);
    this.markDirty(queue);
  }
}

function settleSkipsOf(content: QueueContent, chunk: PendingChunk, to: number): void {
  if (chunk.runStatus !== undefined) {
    settleRun(content, chunk, to);
    return;
  }
  const end = Math.min(chunk.end, to + 1);
  for (let sequence = chunk.first; sequence < end; sequence++) {
    if (chunk.statusOf(sequence) !== STATUS.waiting) endSkip(content, chunk, sequence);
  }
}

/** A single skipped sequence is done. */
function endSkip(content: QueueContent, chunk: PendingChunk, sequence: number): void {
  if (chunk.runStatus !== undefined || chunk.statusOf(sequence) === STATUS.settled) return;
  chunk.setStatus(sequence, STATUS.settled);
  content.held?.delete(sequence);
}

function settleRuns(content: QueueContent, { from, to }: SequenceRange, at: number): void {
  for (let index = content.indexFor(from); index < content.chunkCount; index++) {
    const chunk = content.chunkAt(index);
    if (chunk === undefined || chunk.first > to) return;
    if (chunk.runStatus !== undefined && chunk.savedAt < at) settleRun(content, chunk, to);
  }
}

/** The sequences of a run up to `to` are done; they leave it. */
function settleRun(content: QueueContent, chunk: PendingChunk, to: number): void {
  const count = Math.min(chunk.count, to + 1 - chunk.first);
  if (count <= 0) return;
  chunk.shorten(count);
  if (chunk.count === 0) content.noteRemoved(chunk.key);
}
