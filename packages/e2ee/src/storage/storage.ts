/** Storage: the port to what a device keeps, and the words in which rows are asked for. */
import type { Key } from './key.ts';
import type { Row } from './row.ts';

/** Which rows of a table; without bounds all of them. */
export interface ListOptions {
  /** Only keys that begin with these parts. */
  readonly prefix?: Key;
  /** First key, inclusive. */
  readonly from?: Key;
  /** Last key, exclusive. */
  readonly to?: Key;
  readonly limit?: number;
  /** From the last to the first. */
  readonly reverse?: boolean;
}

/** A row that was taken out of its table because it cannot be read. */
export interface DamagedRow {
  /** As `encodeKey` gives it. */
  readonly key: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Whether a row is what its table holds. @param key as `encodeKey` gives it. */
export type RowCheck = (row: Row, key: Uint8Array) => boolean | Promise<boolean>;

/**
 * Reads and changes rows. A transaction is alone: no other one, of any process on the same storage, runs beside it. It
 * may await whatever it likes meanwhile; an implementation over something that cannot wait (IndexedDB) holds a lock and
 * writes at the end.
 */
export interface Transaction {
  get(table: string, key: Key): Promise<Row | undefined>;
  /** Writes a row, over the one that is there. */
  put(table: string, key: Key, row: Row): Promise<void>;
  /** Removes a row, if it is there; its bytes do not stay behind in the storage. */
  delete(table: string, key: Key): Promise<void>;
  /** Rows in the order of their keys. */
  list(table: string, options?: ListOptions): Promise<Row[]>;
  /** Removes every row of the range (`limit` and `reverse` play no part). */
  deleteRange(table: string, options: Pick<ListOptions, 'prefix' | 'from' | 'to'>): Promise<void>;
  /**
   * Takes out the rows of a table that cannot be read, or that `isWhole` does not pass: one of them would make every list of
   * its table fail for ever. Reads all of the table.
   */
  takeDamaged(table: string, isWhole?: RowCheck): Promise<DamagedRow[]>;
}

/** Port: where a device keeps groups, messages and drafts. Rows in tables, ordered by key, changed in transactions. */
export interface Storage {
  /**
   * Runs `work` and makes what it wrote durable, all of it; when `work` fails, nothing of it happened. Transactions do
   * not nest: `work` never calls `transaction`.
   *
   * @throws StorageError E_DATA_IN_USE when others hold the storage too long, E_STORAGE when the disk refuses.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
