/**
 * Compactor: a batch stays as long as one of its events is held, so events that nobody fetches would keep everything that
 * was stored beside them. Where that has become much, such batches are rewritten with what is held alone (fault S12).
 */
import type { Compaction } from './log-device.ts';
import type { StoreCore } from './store-core.ts';

/** Batches are rewritten of which at most this share is held. */
const HELD_SHARE_MAX = 0.5;
const BATCHES_MAX = 8_192;
const BATCHES_PER_CALL = 32;
/** Events that are looked at before others get their turn. */
const SLOTS_PER_SLICE = 20_000;

interface SparseBatch {
  readonly position: number;
  readonly end: number;
  readonly live: Map<number, number>;
}

export class Compactor {
  readonly #core: StoreCore;
  readonly #deadBytesMin: number;
  #isRunning = false;
  #isStopped = false;

  /** @param deadBytesMin bytes that nobody holds, from which on rewriting is worth its while. */
  constructor(core: StoreCore, deadBytesMin: number) {
    this.#core = core;
    this.#deadBytesMin = deadBytesMin;
  }

  /** A checkpoint is done: looks whether there is something to gain. */
  wake(): void {
    const { rows } = this.#core;
    const deadBytes = rows.recordBytes - rows.liveBytes;
    if (this.#isRunning || this.#isStopped || deadBytes < Math.max(this.#deadBytesMin, rows.liveBytes)) return;
    const batches = rows
      .sparse(HELD_SHARE_MAX, BATCHES_MAX)
      .map(({ position, end }) => ({ position, end, live: new Map<number, number>() }));
    if (batches.length === 0) return;
    this.#isRunning = true;
    this.#scan(batches, 0);
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Finds the held records of the batches, which are in order of their positions. */
  #scan(batches: readonly SparseBatch[], from: number): void {
    const { state, environment } = this.#core;
    if (this.#isStopped) return;
    const next = state.pool.scan(from, SLOTS_PER_SLICE, (position, bytes) => {
      const batch = batchOf(batches, position);
      batch?.live.set(position - batch.position, bytes);
    });
    if (next !== undefined) environment.schedule(0, () => this.#scan(batches, next));
    else void this.#rewrite(batches);
  }

  async #rewrite(batches: readonly SparseBatch[]): Promise<void> {
    const { device, rows, committer } = this.#core;
    try {
      // What became a dead letter is held no more, and is copied from its batch by a commit that may still be to come.
      if (!(await committer.allAnswered())) return;
      for (let from = 0; from < batches.length && !this.#isStopped; from += BATCHES_PER_CALL) {
        const compactions = batches.slice(from, from + BATCHES_PER_CALL).map(compactionOf);
        if (!(await device.compact(compactions))) return;
        for (const { position, live } of compactions) {
          rows.resize(
            position,
            live.reduce((sum, { bytes }) => sum + bytes, 0),
          );
        }
      }
    } catch {
      // It is tried again after the next checkpoint; a file in doubt shows at the next commit.
    } finally {
      this.#isRunning = false;
    }
  }
}

function compactionOf({ position, live }: SparseBatch): Compaction {
  const records = [...live].map(([offset, bytes]) => ({ offset, bytes }));
  return { position, live: records.sort((a, b) => a.offset - b.offset) };
}

function batchOf(batches: readonly SparseBatch[], position: number): SparseBatch | undefined {
  let low = 0;
  let high = batches.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((batches[middle]?.position ?? 0) <= position) low = middle + 1;
    else high = middle;
  }
  const batch = batches[low - 1];
  return batch !== undefined && position < batch.end ? batch : undefined;
}
