/**
 * Port: where a device keeps its groups, messages and drafts. Rows in tables, ordered by key, changed in transactions.
 *
 * A transaction is alone: no other one, of any process on the same storage, runs beside it. It may await whatever it
 * likes meanwhile; an implementation over something that cannot wait (IndexedDB) holds a lock and writes at the end.
 */
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
}

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
