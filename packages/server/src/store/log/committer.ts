/**
 * Committer: group commit. What comes while the last commits run goes into the next one; whoever needs to know waits for
 * its group.
 *
 *   1. steps and records are written into the open batch     2. at the end of the turn the group is closed
 *   3. the device commits it                                  4. its queues become readable, those who waited go on
 *
 * A commit that failed for want of room is tried again until there is some, and nothing overtakes it; after any other
 * failure nothing is committed any more.
 */
import { StorageError } from '@sealane/shared/errors';
import type { StoreEnvironment } from '../environment.ts';
import { Histogram } from '../histogram.ts';
import type { Queue } from '../state/queue.ts';
import type { DeliveryState } from '../state/delivery-state.ts';
import { CommitGroup, hasSideWork, listsOf, type SideWork } from './commit-group.ts';
import { CommitError, type Commit, type CommitResult, type LogDevice } from './log-device.ts';
import { RecordWriter } from './record-writer.ts';
import type { RowTable } from './row-table.ts';
import { sealTwice } from './sealed-twice.ts';
import { writeHeadStart } from './steps.ts';

/** Who adds to a group when it is closed, and hears how it went. */
export interface CommitterOwner {
  /** The last thing before a group goes: parts of a checkpoint, batches to trim. */
  readonly checkpointSlice: (position: number) => Pick<Commit, 'rows' | 'removals' | 'mark' | 'trimmed'>;
  readonly onCommitted: (queues: readonly Queue[], result: CommitResult, commit: Commit) => void;
  readonly onFull: () => void;
  readonly onFailed: (error: Error) => void;
}

/** Bytes of records after which a batch is closed, so that rows of the log stay small. */
const BATCH_RECORD_BYTES = 262_144;
/** Bytes of records that start a commit before the turn ends. */
const EARLY_RECORD_BYTES = 32_768;
/** Commits that are handed in at once: one runs, the next is at hand. */
const COMMITS_MAX = 2;
/** Until a commit is tried again that found no room. */
const RETRY_MS = 1_000;

export class Committer {
  readonly #device: LogDevice;
  readonly #environment: StoreEnvironment;
  readonly #state: DeliveryState;
  readonly #rows: RowTable;
  readonly #owner: CommitterOwner;
  /** Steps of the open batch. */
  readonly head = new RecordWriter(65_536);
  /** Event records of the open batch. */
  readonly records = new RecordWriter(BATCH_RECORD_BYTES);
  #batchPosition: number;
  #group = new CommitGroup(1);
  /** Groups handed to the device, oldest first. */
  #running: CommitGroup[] = [];
  #commits = new Map<number, Commit>();
  #isTurnEnding = false;
  #timerAt = Number.POSITIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;
  #isFull = false;
  #failure: Error | undefined;
  #isStopped = false;
  /** Commits since the start, and the seconds they took. */
  commits = 0;
  commitSeconds = 0;
  readonly commitHistogram = new Histogram();

  constructor(parts: {
    readonly device: LogDevice;
    readonly environment: StoreEnvironment;
    readonly state: DeliveryState;
    readonly rows: RowTable;
    readonly owner: CommitterOwner;
    readonly position: number;
  }) {
    this.#device = parts.device;
    this.#environment = parts.environment;
    this.#state = parts.state;
    this.#rows = parts.rows;
    this.#owner = parts.owner;
    this.#batchPosition = parts.position;
    this.#beginBatch();
  }

  /** Position that the next event record gets. */
  get recordPosition(): number {
    return this.#batchPosition + this.records.length;
  }

  /** Position of the open batch. */
  get batchPosition(): number {
    return this.#batchPosition;
  }

  get side(): SideWork {
    return this.#group.side;
  }

  /** Whether a commit waits for room on the disk. */
  get isFull(): boolean {
    return this.#isFull;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Whether anything is not committed. */
  get isPending(): boolean {
    return this.#running.length > 0 || this.#hasWork();
  }

  /** The queue has entries in the open group: they can be read once it is committed. */
  touch(queue: Queue): void {
    const content = queue.fill();
    if (content.touchedAt === this.#group.number) return;
    content.touchedAt = this.#group.number;
    this.#group.touched.push(queue);
  }

  /** An event was written; closes the batch when it is large. */
  wrote(): void {
    if (this.records.length >= BATCH_RECORD_BYTES) this.#closeBatch();
    if (this.records.length >= EARLY_RECORD_BYTES && this.#running.length === 0) this.#flush();
  }

  /** Commits what is there at the end of this turn. Resolves then; rejects when the device failed. */
  soon(): Promise<undefined> {
    this.#want();
    return this.#group.committed;
  }

  /** As `soon`, but resolves to false when the commit has to wait for room. */
  answered(): Promise<boolean> {
    this.#want();
    return this.#isFull ? Promise.resolve(false) : this.#group.answered;
  }

  /** Resolves when everything of now is committed, or to false when that has to wait for room. */
  async allAnswered(): Promise<boolean> {
    if (this.#hasWork()) return this.answered();
    if (this.#isFull) return false;
    return (await this.#running.at(-1)?.answered) ?? true;
  }

  /** Commits what is there within a time. Resolves when it is committed. */
  within(ms: number): Promise<undefined> {
    const at = this.#environment.now() + ms;
    if (at < this.#timerAt && !this.#group.isWanted) {
      this.#cancelTimer?.();
      this.#timerAt = at;
      this.#cancelTimer = this.#environment.schedule(ms, () => {
        this.#timerAt = Number.POSITIVE_INFINITY;
        this.#cancelTimer = undefined;
        this.#want();
      });
    }
    return this.#group.committed;
  }

  /** Nothing is committed from now on; whoever waits learns `error`. */
  stop(error: Error): void {
    this.#isStopped = true;
    this.#failure ??= error;
    this.#cancelTimer?.();
    for (const group of [...this.#running, this.#group]) group.reject(error);
    this.#running = [];
  }

  #hasWork(): boolean {
    const { touched, batches, side } = this.#group;
    return batches.length > 0 || touched.length > 0 || this.#batchHasSteps() || hasSideWork(side);
  }

  #batchHasSteps(): boolean {
    return this.head.length > HEAD_START_BYTES;
  }

  #want(): void {
    if (this.#failure !== undefined) this.#group.reject(this.#failure);
    this.#group.isWanted = true;
    if (this.#isTurnEnding) return;
    this.#isTurnEnding = true;
    queueMicrotask(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#isTurnEnding = false;
    this.#flush();
  };

  #flush(): void {
    if (this.#isStopped || this.#running.length >= COMMITS_MAX || this.#failure !== undefined) return;
    const group = this.#group;
    this.#closeBatch();
    const slice = this.#owner.checkpointSlice(this.#batchPosition);
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    group.visibleTo = group.touched.map(({ nextSequence }) => nextSequence - 1);
    this.#group = new CommitGroup(group.number + 1);
    this.#running.push(group);
    const { number, batches, side } = group;
    this.#commits.set(number, { number, batches, ...listsOf(side), ...slice });
    if (!this.#isFull) this.#commit(group);
  }

  #commit(group: CommitGroup): void {
    const commit = this.#commits.get(group.number);
    if (commit === undefined) return;
    this.#device.commit(commit).then(
      (result) => this.#onCommitted(group, result),
      (error: unknown) => this.#onError(group, error),
    );
  }

  #onCommitted(group: CommitGroup, result: CommitResult): void {
    if (this.#isStopped) return;
    const commit = this.#commits.get(group.number);
    this.#commits.delete(group.number);
    this.#running.shift();
    this.commits += 1;
    this.commitSeconds += result.seconds;
    this.commitHistogram.observe(result.seconds);
    const wasFull = this.#isFull;
    this.#isFull = false;
    for (const [index, queue] of group.touched.entries()) {
      if (queue.content !== null) queue.content.visibleTo = group.visibleTo[index] ?? 0;
    }
    if (commit !== undefined) this.#owner.onCommitted(group.touched, result, commit);
    group.resolve();
    if (wasFull) this.#resume();
    if (this.#group.isWanted) this.#want();
  }

  #resume(): void {
    for (const group of [...this.#running, this.#group]) group.resume();
    for (const group of this.#running) this.#commit(group);
  }

  #onError(group: CommitGroup, error: unknown): void {
    if (this.#isStopped) return;
    if (error instanceof CommitError && error.failure === 'full') {
      this.#onFull(group);
      return;
    }
    this.fail(error);
  }

  /** What is on the disk is in doubt: nothing is committed any more. */
  fail(error: unknown): void {
    if (this.#isStopped || this.#failure !== undefined) return;
    const cause = error instanceof Error ? error.message : String(error);
    this.#failure = new StorageError('E_STORAGE', `The store could not write: ${cause}`, { cause: error });
    for (const waiting of [...this.#running, this.#group]) waiting.reject(this.#failure);
    this.#owner.onFailed(this.#failure);
  }

  /** The oldest group found no room, so those behind it were not committed either. */
  #onFull(group: CommitGroup): void {
    group.delay();
    if (this.#running[0] !== group) return;
    this.#isFull = true;
    this.#group.delay();
    this.#owner.onFull();
    this.#environment.schedule(RETRY_MS, () => {
      if (!this.#isStopped && this.#running[0] === group) this.#commit(group);
    });
  }

  #beginBatch(): void {
    this.#rows.open(this.#batchPosition);
    writeHeadStart(this.head, this.#state.nextEventSequence);
  }

  #closeBatch(): void {
    if (!this.#batchHasSteps()) return;
    const position = this.#batchPosition;
    const recordBytes = this.records.length;
    this.#rows.close(recordBytes);
    const head = sealTwice(this.head.buffer.subarray(0, this.head.length));
    this.head.length = 0;
    this.#group.batches.push({ position, head, records: this.records.take() });
    // An empty batch takes one position, so that every batch has its own.
    this.#batchPosition = position + Math.max(1, recordBytes);
    this.#beginBatch();
  }
}

const HEAD_START_BYTES = 9;
