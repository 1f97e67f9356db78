/** What the main thread and the worker of a SQLite store say to each other. Types only: the worker stands alone. */
import type { CheckpointMark, Commit, Compaction, LogBatch, StoredDeadLetter } from '../log/log-device.ts';
import type { Page, PageRequest, UsageRow } from '../store.ts';

/** Rows of numbers and bytes, packed so that a million of them cross at little cost. */
export interface PackedRows {
  /** Some numbers of each row, one row after the other. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** Bytes of each row. */
  readonly lengths: Uint32Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether nothing comes after them. */
  readonly isLast: boolean;
}

/** How the worker found the file. */
export interface OpenedFile {
  readonly lineage: Uint8Array;
  readonly idSecret: Uint8Array;
  readonly mark: CheckpointMark;
  readonly deadLetters: number;
  readonly bytes: number;
  readonly freeDiskBytes: number;
  /** Where the file was copied before it was migrated. */
  readonly migratedFrom: string | undefined;
}

/** A commit whose state rows are packed: there may be many, each of a few bytes; numbers: kind, id, part. */
export type PackedCommit = Omit<Commit, 'rows'> & { readonly rows: PackedRows };

export interface CommitReply {
  /** Batches that came with the commit, their memory given back. */
  readonly batches: readonly LogBatch[];
  readonly bytes: number;
  readonly freeDiskBytes: number;
  readonly deadLetters: number;
  readonly seconds: number;
}

type UsageRequest = PageRequest & { readonly agentId?: string; readonly from: number; readonly to: number };

/** What can be asked, and what is answered. */
export interface Calls {
  readonly open: { readonly ask: { readonly file: string }; readonly answer: OpenedFile };
  readonly commit: { readonly ask: PackedCommit; readonly answer: CommitReply };
  /** Tries the commits again that found no room, from this number on. */
  readonly retry: { readonly ask: number; readonly answer: CommitReply };
  /** State rows after a key; numbers: kind, id, part. */
  readonly states: { readonly ask: readonly [number, number, number] | undefined; readonly answer: PackedRows };
  /** Batches after a position; numbers: position, bytes of records. */
  readonly sizes: { readonly ask: number; readonly answer: PackedRows };
  /** Heads from a position on; numbers: position. */
  readonly heads: { readonly ask: number; readonly answer: PackedRows };
  /** Positions and sizes, one after the other; the records one after the other, those that are gone empty. */
  readonly records: { readonly ask: Float64Array<ArrayBuffer>; readonly answer: PackedRows };
  readonly compact: { readonly ask: readonly Compaction[]; readonly answer: boolean };
  readonly freeDiskBytes: { readonly ask: undefined; readonly answer: number };
  readonly deadLetters: {
    readonly ask: PageRequest & { readonly queueId?: string };
    readonly answer: Page<StoredDeadLetter>;
  };
  readonly deadLetter: { readonly ask: string; readonly answer: StoredDeadLetter | undefined };
  readonly purge: { readonly ask: readonly string[] | undefined; readonly answer: number };
  readonly usage: { readonly ask: UsageRequest; readonly answer: Page<UsageRow> };
  readonly lastSeen: { readonly ask: string; readonly answer: number | undefined };
  readonly backup: { readonly ask: string; readonly answer: undefined };
  readonly close: { readonly ask: undefined; readonly answer: undefined };
}

export type CallName = keyof Calls;

/** Why something did not happen. */
export type FaultKind = 'full' | 'failed' | 'busy' | 'damaged' | 'denied' | 'foreign' | 'newer' | 'missing' | 'exists';

export interface Fault {
  readonly kind: FaultKind;
  readonly message: string;
}

export interface Request {
  readonly id: number;
  readonly name: CallName;
  readonly ask: unknown;
}

export interface Reply {
  /** 0 for what nobody asked: the store is broken. */
  readonly id: number;
  readonly answer?: unknown;
  readonly fault?: Fault;
}
