/** MemoryDisk: the model of a disk, for tests and the simulator. */
import type { StoreEnvironment } from '../environment.ts';
import type { BatchHead, CheckpointMark, StateRow, StoredDeadLetter } from '../log/log-device.ts';
import type { UsageRow } from '../store.ts';

/** A batch as it was committed. */
export interface KeptBatch extends BatchHead {
  readonly records: Uint8Array;
}

export interface MemoryDiskOptions {
  /** How long a commit takes, 0 for the end of the turn. */
  readonly commitDelayMs?: number;
}

const LINEAGE_BYTES = 16;
const ID_SECRET_BYTES = 8;
const FIRST_MARK: CheckpointMark = {
  ...{ replayFrom: 1, nextPosition: 1, nextEventSequence: 1 },
  ...{ nextQueueIndex: 1, nextProducerIndex: 1 },
};

/**
 * What a memory store has committed, apart from the store, so that it outlives one: a crash of the store loses what is
 * not here. Events and state are kept as bytes, as on a real disk; it can be slow (`commitDelayMs`) and full.
 */
export class MemoryDisk {
  readonly commitDelayMs: number;
  /** Ordered by position. */
  batches: KeptBatch[] = [];
  readonly rows = new Map<string, StateRow>();
  readonly deadLetters = new Map<string, StoredDeadLetter>();
  readonly usage = new Map<string, UsageRow>();
  readonly lastSeen = new Map<string, number>();
  mark: CheckpointMark = FIRST_MARK;
  lineage: Uint8Array | undefined;
  idSecret: Uint8Array | undefined;
  /** Free bytes that it claims to have; below a store's floor no events are taken. */
  freeBytes: number | undefined;
  /** It has no room: commits do not happen until it has. */
  isFull = false;

  constructor({ commitDelayMs = 0 }: MemoryDiskOptions = {}) {
    this.commitDelayMs = commitDelayMs;
  }

  /** Gives it its identity, once. */
  format(environment: StoreEnvironment): { readonly lineage: Uint8Array; readonly idSecret: Uint8Array } {
    this.lineage ??= environment.random(LINEAGE_BYTES);
    this.idSecret ??= environment.random(ID_SECRET_BYTES);
    return { lineage: this.lineage, idSecret: this.idSecret };
  }

  get bytes(): number {
    let bytes = 0;
    for (const { head, records } of this.batches) bytes += head.length + records.length;
    return bytes;
  }

  /** The index of the batch that has a position; -1 for none. */
  indexOf(position: number): number {
    let low = 0;
    let high = this.batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.batches[middle]?.position ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  recordAt(position: number, bytes: number): Uint8Array {
    const batch = this.batches[this.indexOf(position)];
    if (batch === undefined || bytes === 0) return new Uint8Array(0);
    const offset = position - batch.position;
    return batch.records.slice(offset, offset + bytes);
  }
}
