/**
 * Checkpointer: writes the parts of the state that changed, a slice with each commit, so that a start replays little and
 * old batches can be trimmed. What changes behind it while it runs is in the log, and dirty for the next time.
 *
 *   queues (chunks before the queue itself) → outboxes → ids of the hours → delayed events → mark
 */
import type { DeliveryState } from '../state/delivery-state.ts';
import type { Producer } from '../state/producers.ts';
import type { QueueContent } from '../state/queue-content.ts';
import type { Queue } from '../state/queue.ts';
import { STATE_KIND, type CheckpointMark, type StateRemoval, type StateRow } from './log-device.ts';
import { encodeChunk, encodeDelayed, encodeIds, encodeProducer, encodeQueue, IDS_PER_ROW } from './state-rows.ts';

/** Heads cost a start more than records do: a byte of them counts as this many. */
const HEAD_WEIGHT = 4;
/** Bytes that a removal counts as. */
const REMOVAL_BYTES = 64;

export interface CheckpointerOptions {
  /** Bytes of batches after which a checkpoint is due. */
  readonly dueBytes: number;
  /** Bytes of rows that one commit writes beside its batches. */
  readonly sliceBytes: number;
}

/** What a commit writes of a checkpoint. */
export interface CheckpointSlice {
  readonly rows: readonly StateRow[];
  readonly removals: readonly StateRemoval[];
  readonly mark: CheckpointMark | undefined;
}

/** A checkpoint that is under way. */
interface Pass {
  readonly startPosition: number;
  readonly queues: Queue[];
  readonly producers: Producer[];
  readonly delayed: number[];
  areIdsDone: boolean;
  /** Of the last queue, the sequence from which on its chunks are to be written. */
  nextChunk: number;
}

const NOTHING: CheckpointSlice = { rows: [], removals: [], mark: undefined };

export class Checkpointer {
  readonly #state: DeliveryState;
  #pass: Pass | undefined;
  readonly #options: CheckpointerOptions;
  #bytesSince = 0;
  #droppedHours: number[] = [];
  #rows: StateRow[] = [];
  #removals: StateRemoval[] = [];
  #bytes = 0;
  #bytesMax = 0;

  constructor(state: DeliveryState, options: CheckpointerOptions) {
    this.#state = state;
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#pass !== undefined;
  }

  noteBatch(headBytes: number, recordBytes: number): void {
    this.#bytesSince += headBytes * HEAD_WEIGHT + recordBytes;
  }

  dropHours(hours: readonly number[]): void {
    this.#droppedHours.push(...hours);
  }

  /** Begins a checkpoint, where none is under way. @param position of the open batch, which has no steps yet. */
  begin(position: number): void {
    if (this.#pass !== undefined) return;
    const state = this.#state;
    this.#bytesSince = 0;
    this.#pass = {
      startPosition: position,
      queues: state.dirtyQueues,
      producers: state.dirtyProducers,
      delayed: state.delayed.changed,
      areIdsDone: false,
      nextChunk: 0,
    };
    state.dirtyQueues = [];
    state.dirtyProducers = [];
    state.delayed.changed = [];
  }

  /** The next slice. @param position of the open batch, which has no steps yet. */
  slice(position: number, bytesMax = this.#options.sliceBytes): CheckpointSlice {
    if (this.#pass === undefined) {
      if (this.#bytesSince < this.#options.dueBytes) return NOTHING;
      this.begin(position);
    }
    this.#rows = [];
    this.#removals = [];
    this.#bytes = 0;
    this.#bytesMax = bytesMax;
    const pass = this.#pass;
    if (pass === undefined) return NOTHING;
    // Every batch before the open one is in what is written now.
    const savedAt = position - 1;
    while (this.#bytes < bytesMax) {
      if (this.#step(pass, savedAt)) continue;
      this.#pass = undefined;
      return { rows: this.#rows, removals: this.#removals, mark: this.#mark(pass.startPosition, position) };
    }
    return { rows: this.#rows, removals: this.#removals, mark: undefined };
  }

  /** @returns false when nothing is left. */
  #step(pass: Pass, savedAt: number): boolean {
    const queue = pass.queues.at(-1);
    if (queue !== undefined) {
      if (!this.#saveQueue(pass, queue, savedAt)) return true;
      pass.queues.pop();
      pass.nextChunk = 0;
      return true;
    }
    const producer = pass.producers.pop();
    if (producer !== undefined) {
      producer.isDirty = false;
      if (producer.isDeleted) this.#remove({ kind: STATE_KIND.producer, id: producer.index });
      else this.#save(encodeProducer(producer, savedAt));
      return true;
    }
    const sequence = pass.delayed.pop();
    if (sequence !== undefined) {
      const event = this.#state.delayed.get(sequence);
      if (event === undefined) this.#remove({ kind: STATE_KIND.delayed, id: sequence });
      else this.#save(encodeDelayed(this.#state, event, savedAt));
      return true;
    }
    if (pass.areIdsDone) return false;
    pass.areIdsDone = this.#saveIds(savedAt);
    return true;
  }

  /** @returns whether the queue is done. */
  #saveQueue(pass: Pass, queue: Queue, savedAt: number): boolean {
    const { content } = queue;
    if (queue.isDeleted) {
      this.#remove({ kind: STATE_KIND.queue, id: queue.index });
      this.#remove({ kind: STATE_KIND.chunk, id: queue.index });
      return true;
    }
    const isResumed = pass.nextChunk > 0;
    if (content !== null && !this.#saveChunks(pass, queue, content, savedAt)) return false;
    for (const part of content?.removed ?? []) this.#remove({ kind: STATE_KIND.chunk, id: queue.index, part });
    if (content !== null) content.removed = undefined;
    queue.isDirty = false;
    this.#save(encodeQueue(queue, savedAt));
    // Chunks that an earlier slice wrote may have changed since: they are for the next time.
    if (isResumed) this.#state.markDirty(queue);
    const isIdle = content?.isEmpty === true && !content.failures?.size && !content.held?.size;
    if (isIdle && queue.visibleTo >= queue.nextSequence - 1) queue.content = null;
    return true;
  }

  /** @returns whether all chunks are written. */
  #saveChunks(pass: Pass, queue: Queue, content: QueueContent, savedAt: number): boolean {
    for (let index = content.indexFor(pass.nextChunk); index < content.chunkCount; index++) {
      const chunk = content.chunkAt(index);
      if (chunk?.isDirty !== true || chunk.count === 0) continue;
      if (this.#bytes >= this.#bytesMax) return false;
      pass.nextChunk = chunk.end;
      chunk.isDirty = false;
      chunk.savedAt = savedAt;
      this.#save(encodeChunk(this.#state, queue, chunk, savedAt));
    }
    return true;
  }

  /** @returns whether all ids are done. */
  #saveIds(savedAt: number): boolean {
    for (const hour of this.#droppedHours.splice(0)) this.#remove({ kind: STATE_KIND.ids, id: hour });
    for (const hour of this.#state.recentIds.hours) {
      if (hour.savedCount >= hour.count) continue;
      const part = Math.floor(hour.savedCount / IDS_PER_ROW);
      this.#save(encodeIds(hour, part, savedAt));
      hour.savedCount = Math.min(hour.count, (part + 1) * IDS_PER_ROW);
      return false;
    }
    return true;
  }

  #save(row: StateRow): void {
    this.#rows.push(row);
    this.#bytes += row.data.length;
  }

  #remove(removal: StateRemoval): void {
    this.#removals.push(removal);
    this.#bytes += REMOVAL_BYTES;
  }

  #mark(replayFrom: number, position: number): CheckpointMark {
    return {
      replayFrom,
      nextPosition: position,
      nextEventSequence: this.#state.nextEventSequence,
      nextQueueIndex: this.#state.queues.nextIndex,
      nextProducerIndex: this.#state.producers.nextIndex,
    };
  }
}
