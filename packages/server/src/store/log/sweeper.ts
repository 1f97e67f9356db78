/**
 * Sweeper: what happens by time alone: events become due, expire or outlive the retention of their queue, and hours of
 * ids are over. It looks at memory only, at most once a minute, some queues at a time, and not at all while nothing waits.
 */
import { STATUS, type PendingChunk } from '../state/pending-chunk.ts';
import type { Queue } from '../state/queue.ts';
import type { SkipReason } from '../store.ts';
import type { Checkpointer } from './checkpointer.ts';
import type { EntrySettler } from './entry-settler.ts';
import type { Publisher } from './publisher.ts';
import type { StoreCore } from './store-core.ts';

const SWEEP_MS = 60_000;
/** Queues and entries that are looked at before others get their turn. */
const QUEUES_PER_SLICE = 5_000;
const ENTRIES_PER_SLICE = 20_000;
/** Delayed events that become due at once. */
const DUE_PER_SLICE = 1_000;
/** The longest that a timer can wait. */
const TIMER_MS_MAX = 2_000_000_000;

export class Sweeper {
  readonly #core: StoreCore;
  readonly #parts: {
    readonly publisher: Publisher;
    readonly settler: EntrySettler;
    readonly checkpointer: Checkpointer;
  };
  #cancelDue: (() => void) | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #cancelSweep: (() => void) | undefined;
  #isStopped = false;

  constructor(
    core: StoreCore,
    parts: { readonly publisher: Publisher; readonly settler: EntrySettler; readonly checkpointer: Checkpointer },
  ) {
    this.#core = core;
    this.#parts = parts;
  }

  /** Something may wait now: makes sure that it is looked at. */
  wake(): void {
    const { state, environment } = this.#core;
    if (this.#isStopped) return;
    const first = state.delayed.first();
    if (first !== undefined && first.dueAt < this.#dueAt) this.#scheduleDue(first.dueAt);
    if (this.#cancelSweep !== undefined || (state.waiting === 0 && !this.#hasIds())) return;
    this.#cancelSweep = environment.schedule(SWEEP_MS, () => this.#sweep(this.#core.state.queues.all()));
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelDue?.();
    this.#cancelSweep?.();
  }

  #hasIds(): boolean {
    for (const _hour of this.#core.state.recentIds.hours) return true;
    return false;
  }

  #scheduleDue(dueAt: number): void {
    const { environment } = this.#core;
    this.#cancelDue?.();
    this.#dueAt = dueAt;
    const delayMs = Math.min(Math.max(0, dueAt - environment.now()), TIMER_MS_MAX);
    this.#cancelDue = environment.schedule(delayMs, () => this.#deliverDue());
  }

  #deliverDue(): void {
    const { state, environment, committer } = this.#core;
    this.#cancelDue = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
    const now = environment.now();
    let count = 0;
    for (let event = state.delayed.first(); event !== undefined; event = state.delayed.first()) {
      if (event.dueAt > now || count === DUE_PER_SLICE) break;
      this.#parts.publisher.publishDelayed(event.sequence);
      count += 1;
    }
    if (count > 0) committer.soon().catch(() => undefined);
    this.wake();
  }

  #sweep(queues: Iterator<Queue>): void {
    const { environment, state } = this.#core;
    const now = environment.now();
    let entries = 0;
    for (let count = 0; count < QUEUES_PER_SLICE && entries < ENTRIES_PER_SLICE; count++) {
      const next = queues.next();
      if (next.done === true) {
        this.#parts.checkpointer.dropHours(state.recentIds.dropOld(now));
        this.#cancelSweep = undefined;
        this.wake();
        return;
      }
      if (!next.value.isDeleted && next.value.waiting > 0) entries += this.#sweepQueue(next.value, now);
    }
    this.#cancelSweep = environment.schedule(0, () => this.#sweep(queues));
  }

  /** @returns how many entries were looked at. */
  #sweepQueue(queue: Queue, now: number): number {
    const { content } = queue;
    const { state, limits, committer } = this.#core;
    const retainedFrom = now - limits.retentionMs;
    let looked = 0;
    let isOldestFound = false;
    for (let index = 0; content !== null && index < content.chunkCount; index++) {
      const chunk = content.chunkAt(index);
      if (chunk === undefined || chunk.first > queue.visibleTo) break;
      if (chunk.runStatus !== undefined || chunk.open === 0) continue;
      if (isOldestFound && chunk.expiresAtMin > now) continue;
      looked += chunk.count;
      isOldestFound = this.#sweepChunk(queue, chunk, { now, retainedFrom });
    }
    if (looked > 0 && committer.isPending) committer.within(SWEEP_COMMIT_MS).catch(() => undefined);
    return looked + (state.waiting > 0 ? 1 : 0);
  }

  /** @returns whether it has an entry that the retention keeps. */
  #sweepChunk(
    queue: Queue,
    chunk: PendingChunk,
    times: { readonly now: number; readonly retainedFrom: number },
  ): boolean {
    const { pool } = this.#core.state;
    const end = Math.min(chunk.end, queue.visibleTo + 1);
    let isKept = false;
    let expiresAtMin = Number.MAX_SAFE_INTEGER;
    let run: { from: number; to: number; reason: SkipReason } | undefined;
    for (let sequence = chunk.first; sequence < end; sequence++) {
      if (chunk.statusOf(sequence) !== STATUS.waiting) continue;
      const slot = chunk.slotOf(sequence);
      const expiresAt = pool.expiresAtOf(slot);
      const reason = reasonToDrop(pool.publishedAtOf(slot), expiresAt, times);
      if (reason === undefined) {
        isKept = true;
        expiresAtMin = Math.min(expiresAtMin, expiresAt);
        continue;
      }
      if (run !== undefined && run.reason === reason && run.to === sequence - 1) run.to = sequence;
      else {
        if (run !== undefined) this.#parts.settler.skip(queue, run);
        run = { from: sequence, to: sequence, reason };
      }
    }
    if (end === chunk.end) chunk.expiresAtMin = expiresAtMin;
    if (run !== undefined) this.#parts.settler.skip(queue, run);
    return isKept;
  }
}

const SWEEP_COMMIT_MS = 50;

function reasonToDrop(
  publishedAt: number,
  expiresAt: number,
  { now, retainedFrom }: { readonly now: number; readonly retainedFrom: number },
): SkipReason | undefined {
  if (expiresAt <= now) return 'expired';
  return publishedAt <= retainedFrom ? 'retention' : undefined;
}
