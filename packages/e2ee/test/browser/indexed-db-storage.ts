/**
 * Storage in IndexedDB, as small as can be: rows in memory, and what a transaction changed written at its end, in one
 * transaction of the browser. It shows that the port can be kept where nothing waits; it is no storage for large histories.
 */
import { encodeKey, encodePrefixEnd, MemoryStorage, type Key, type Row } from '../../src/storage/index.ts';
import type { ListOptions, Storage, Transaction } from '../../src/storage/index.ts';
import { allOf, openDatabase, writeAll, type BrowserDatabase, type Change } from './indexed-db.ts';

export class IndexedDbStorage implements Storage {
  readonly #database: BrowserDatabase;
  readonly #rows: MemoryStorage;

  private constructor(database: BrowserDatabase, rows: MemoryStorage) {
    this.#database = database;
    this.#rows = rows;
  }

  static async open(name: string): Promise<IndexedDbStorage> {
    const database = await openDatabase(name);
    const rows = new MemoryStorage();
    const kept = await allOf(database);
    await rows.transaction(async (transaction) => {
      for (const { table, key, row } of kept) await transaction.put(table, key, row);
    });
    return new IndexedDbStorage(database, rows);
  }

  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#rows.transaction(async (transaction) => {
      const changes: Change[] = [];
      const result = await work(recording(transaction, changes));
      // Where the browser refuses, the rows in memory are taken back, too.
      await writeAll(this.#database, changes);
      return result;
    });
  }

  async close(): Promise<void> {
    await this.#rows.close();
    this.#database.close();
  }
}

/** The transaction, noting what it changes. */
function recording(inner: Transaction, changes: Change[]): Transaction {
  return {
    get: (table, key) => inner.get(table, key),
    list: (table, options) => inner.list(table, options),
    async put(table: string, key: Key, row: Row) {
      changes.push({ kind: 'put', place: [table, encodeKey(key)], kept: { table, key, row } });
      await inner.put(table, key, row);
    },
    async delete(table: string, key: Key) {
      changes.push({ kind: 'delete', place: [table, encodeKey(key)] });
      await inner.delete(table, key);
    },
    async deleteRange(table: string, options: Pick<ListOptions, 'prefix' | 'from' | 'to'>) {
      const { prefix = [] } = options;
      if (options.from !== undefined || options.to !== undefined) throw new RangeError('prefixes are enough here');
      changes.push({ kind: 'range', from: [table, encodeKey(prefix)], to: [table, encodePrefixEnd(prefix)] });
      await inner.deleteRange(table, options);
    },
    takeDamaged: () => Promise.resolve([]),
  };
}
