/** LogDevice: the port from a store to what keeps its log, and the words of it. */
import type { DeadLetter, Page, PageRequest, UsageRow } from '../store.ts';

/** Steps and event records that were written together. */
export interface LogBatch {
  /** Position of the first byte of `records` among all ever written; increasing. */
  readonly position: number;
  /** Sealed twice. */
  readonly head: Uint8Array<ArrayBuffer>;
  readonly records: Uint8Array<ArrayBuffer>;
}

/** What the state rows of a checkpoint are; numbers keep their meaning for ever. */
export const STATE_KIND = { queue: 1, chunk: 2, producer: 3, ids: 4, delayed: 5 } as const;

/** One part of the state, sealed twice. */
export interface StateRow {
  readonly kind: number;
  readonly id: number;
  readonly part: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** A part of the state that is gone; all parts of its id without `part`. */
export interface StateRemoval {
  readonly kind: number;
  readonly id: number;
  readonly part?: number;
}

/** Where a finished checkpoint stands. */
export interface CheckpointMark {
  /** Batches from this position on are replayed. */
  readonly replayFrom: number;
  readonly nextPosition: number;
  readonly nextEventSequence: number;
  readonly nextQueueIndex: number;
  readonly nextProducerIndex: number;
}

/** An entry that becomes a dead letter; its record is copied from where it lies. */
export type NewDeadLetter = Omit<DeadLetter, 'body' | 'contentType' | 'from' | 'to' | 'eventId' | 'publishedAt'> & {
  readonly position: number;
  /** 0 for a record that was lost. */
  readonly bytes: number;
};

/** A dead letter with the record of its event; empty where that was lost. */
export type StoredDeadLetter = Omit<NewDeadLetter, 'position' | 'bytes'> & { readonly record: Uint8Array };

/** When an agent was last here. */
export interface LastSeen {
  readonly agentId: string;
  readonly at: number;
}

/** Everything that one commit does, in this order. */
export interface Commit {
  /** From 1, one more for each. */
  readonly number: number;
  readonly batches: readonly LogBatch[];
  readonly rows: readonly StateRow[];
  readonly removals: readonly StateRemoval[];
  readonly mark: CheckpointMark | undefined;
  readonly deadLetters: readonly NewDeadLetter[];
  /** Dead letters that went back to their queues. */
  readonly redriven: readonly string[];
  readonly usage: readonly UsageRow[];
  /** Usage before this hour is dropped; 0 for none. */
  readonly usageFrom: number;
  readonly lastSeen: readonly LastSeen[];
  /** Agents whose usage and last seen are dropped. */
  readonly forgotten: readonly string[];
  /** Positions of batches that nothing refers to any more. */
  readonly trimmed: readonly number[];
}

/** What a commit came to: how full the device is now, and the seconds that it took. */
export interface CommitResult {
  /** The batches of the commit, for the cache; their memory came back. */
  readonly batches: readonly LogBatch[];
  /** What the store takes on its disk. */
  readonly bytes: number;
  readonly freeDiskBytes: number | undefined;
  readonly deadLetters: number;
  readonly seconds: number;
}

/** Why a commit did not happen. */
export type CommitFailure = 'full' | 'failed';

/** A commit that did not happen. `full`: it may be tried again; `failed`: what is on the disk is in doubt. */
export class CommitError extends Error {
  readonly failure: CommitFailure;

  constructor(failure: CommitFailure, message: string) {
    super(message);
    this.name = 'CommitError';
    this.failure = failure;
  }
}

/** How a device was found. */
export interface OpenedLog {
  /** 16 bytes: made with the log; another one after a restore. */
  readonly lineage: Uint8Array;
  /** 8 bytes: key of the hash of ids. */
  readonly idSecret: Uint8Array;
  readonly mark: CheckpointMark;
  readonly deadLetters: number;
  readonly bytes: number;
  readonly freeDiskBytes: number | undefined;
}

/** A batch as a start sees it. */
export interface BatchSize {
  readonly position: number;
  readonly recordBytes: number;
}

/** What a batch says about the state. */
export interface BatchHead {
  readonly position: number;
  /** Sealed twice. */
  readonly head: Uint8Array;
}

/** Live records of a batch that is rewritten without the others; offsets within it. */
export interface Compaction {
  readonly position: number;
  readonly live: readonly { readonly offset: number; readonly bytes: number }[];
}

/**
 * Port: what keeps the log of a store: batches of events with the steps they mean, parts of the state that a checkpoint
 * wrote, and tables that nobody keeps in memory. SQLite in a worker, and memory, stand behind it.
 *
 * One commit happens wholly or not at all, and in order: after one that failed none succeeds before it was tried again.
 */
export interface LogDevice {
  readonly kind: string;
  /**
   * @param onBroken what is on the disk is in doubt, though nobody asked.
   * @throws StorageError, ConfigError.
   */
  open(onBroken: (error: Error) => void): Promise<OpenedLog>;
  /** The state was built from it. */
  onLoaded(): void;
  close(): Promise<void>;
  /** State rows, some at a time. */
  states(): AsyncIterable<readonly StateRow[]>;
  /** All batches in order, some at a time. */
  batchSizes(): AsyncIterable<readonly BatchSize[]>;
  /** Heads of the batches from a position on, in order, some at a time. */
  heads(replayFrom: number): AsyncIterable<readonly BatchHead[]>;
  /** @throws CommitError. */
  commit(commit: Commit): Promise<CommitResult>;
  /** Records, each at its place; empty where there is none. */
  readRecords(places: readonly { readonly position: number; readonly bytes: number }[]): Promise<readonly Uint8Array[]>;
  /** Rewrites batches that are before the checkpoint. @returns false while a backup needs them as they are. */
  compact(compactions: readonly Compaction[]): Promise<boolean>;
  freeDiskBytes(): Promise<number | undefined>;
  deadLetters(request: PageRequest & { readonly queueId?: string }): Promise<Page<StoredDeadLetter>>;
  deadLetter(id: string): Promise<StoredDeadLetter | undefined>;
  purgeDeadLetters(ids: readonly string[] | undefined): Promise<number>;
  usage(
    request: PageRequest & { readonly agentId?: string; readonly from: number; readonly to: number },
  ): Promise<Page<UsageRow>>;
  lastSeen(agentId: string): Promise<number | undefined>;
  backup(destination: string): Promise<void>;
}
