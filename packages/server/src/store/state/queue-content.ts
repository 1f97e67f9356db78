/**
 * QueueContent: what waits in a queue, in order: chunks of sequences, failures of single ones, and who holds what of a
 * group. It knows slots of events and hands them back; it releases none itself.
 */
import { PendingChunk, STATUS } from './pending-chunk.ts';

/** Failures of one entry. */
export interface Failures {
  count: number;
  /** Oldest first. */
  readonly history: { readonly at: number; readonly reason: string }[];
}

/** Reasons that are kept of one entry. */
export const FAILURE_HISTORY_MAX = 20;
const CONSUMED_CHUNKS_MAX = 64;

export class QueueContent {
  waiting = 0;
  waitingBytes = 0;
  /** Everything up to here is committed. */
  visibleTo: number;
  /** Position of the batch that touched it last. */
  touchedAt = -1;
  failures: Map<number, Failures> | undefined;
  /** Of a group: which lease has which entry. */
  held: Map<number, string> | undefined;
  /** Chunks that are gone since the last checkpoint, by their keys. */
  removed: number[] | undefined;
  #chunks: PendingChunk[] = [];
  /** Index of the first chunk that is not consumed. */
  #head = 0;

  constructor(visibleTo: number) {
    this.visibleTo = visibleTo;
  }

  get isEmpty(): boolean {
    return this.#head >= this.#chunks.length;
  }

  get chunkCount(): number {
    return this.#chunks.length - this.#head;
  }

  /** Chunks in order. */
  chunkAt(index: number): PendingChunk | undefined {
    return this.#chunks[this.#head + index];
  }

  /** Adds the next sequence. */
  append(sequence: number, status: number, slot: number): PendingChunk {
    let chunk = this.#chunks.at(-1);
    const isRun = status !== STATUS.waiting;
    if (chunk?.end !== sequence || !fits(chunk, status)) {
      chunk = new PendingChunk(sequence, isRun ? status : undefined);
      this.#chunks.push(chunk);
    }
    chunk.append(status, slot);
    return chunk;
  }

  /** Puts a chunk at the end that a checkpoint had written. */
  restore(chunk: PendingChunk): void {
    this.#chunks.push(chunk);
  }

  /** Order after chunks came from a checkpoint. */
  sortRestored(): void {
    this.#chunks.sort((a, b) => a.first - b.first);
  }

  /** Index, for `chunkAt`, of the first chunk that ends after `sequence`. */
  indexFor(sequence: number): number {
    let low = this.#head;
    const first = this.#chunks[low];
    if (first === undefined || sequence < first.end) return 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sequence < (this.#chunks[middle]?.end ?? 0)) high = middle;
      else low = middle + 1;
    }
    return low - this.#head;
  }

  /** The chunk that has a sequence; undefined where it is settled and gone. */
  chunkOf(sequence: number): PendingChunk | undefined {
    const chunk = this.chunkAt(this.indexFor(sequence));
    return chunk !== undefined && sequence >= chunk.first ? chunk : undefined;
  }

  /**
   * Drops settled sequences from the front.
   *
   * @param settledTo up to where they were settled before.
   * @param end one past the last sequence of the queue.
   * @returns up to where they are settled now.
   */
  consume(settledTo: number, end: number): number {
    for (let chunk = this.#chunks[this.#head]; chunk !== undefined; chunk = this.#chunks[this.#head]) {
      if (chunk.open > 0) return this.#firstOpen(chunk, settledTo + 1) - 1;
      if (chunk.count > 0) this.noteRemoved(chunk.key);
      this.#head += 1;
    }
    if (this.#head > 0) this.#shrink();
    return end - 1;
  }

  /**
   * What a reader of a group held is free again: an entry, or the skipped sequences that end with it.
   *
   * @returns whether anybody held it.
   */
  free(sequence: number): boolean {
    let isFreed = false;
    for (let at = sequence; ; at--) {
      const chunk = this.chunkOf(at);
      if (chunk?.runStatus !== undefined) {
        if (chunk.heldTo < at) return isFreed;
        chunk.heldTo = 0;
        isFreed = true;
        at = chunk.first;
      } else {
        const isEntry = chunk?.statusOf(at) === STATUS.waiting;
        // An entry before skipped sequences is not theirs.
        if ((isEntry && at !== sequence) || this.held?.delete(at) !== true) return isFreed;
        isFreed = true;
        if (isEntry) return isFreed;
      }
    }
  }

  /** The chunk of this key is not kept any more. */
  noteRemoved(key: number): void {
    (this.removed ??= []).push(key);
  }

  #firstOpen(chunk: PendingChunk, from: number): number {
    if (this.#head > CONSUMED_CHUNKS_MAX && this.#head * 2 > this.#chunks.length) this.#shrink();
    if (chunk.runStatus !== undefined) return chunk.first;
    let index = Math.max(0, from - chunk.first);
    while (chunk.statuses[index] === STATUS.settled) index++;
    return chunk.first + index;
  }

  #shrink(): void {
    this.#chunks.splice(0, this.#head);
    this.#head = 0;
  }
}

/** Whether the next sequence can go into a chunk. A run that all are gone from is gone itself. */
function fits(chunk: PendingChunk, status: number): boolean {
  return chunk.runStatus === undefined ? !chunk.isFull : chunk.runStatus === status && chunk.count > 0;
}
