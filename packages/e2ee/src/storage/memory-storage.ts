/** MemoryStorage: a `Storage` over maps. */
import { encodeKey, encodePrefixEnd, type Key } from './key.ts';
import { decodeRow, encodeRow, type Row } from './row.ts';
import type { DamagedRow, ListOptions, RowCheck, Storage, Transaction } from './storage.ts';
import { Turns } from './turns.ts';
import { isWholeRow } from './whole-row.ts';

type Table = Map<string, Uint8Array>;

/** Storage in memory: for tests and for clients that keep nothing. */
export class MemoryStorage implements Storage {
  readonly #tables = new Map<string, Table>();
  readonly #turns = new Turns();

  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#turns.take(async () => {
      const transaction = new MemoryTransaction(this.#tables);
      try {
        return await work(transaction);
      } catch (error) {
        transaction.undo();
        throw error;
      } finally {
        transaction.end();
      }
    });
  }

  async close(): Promise<void> {
    await this.#turns.take(() => Promise.resolve());
  }

  /** All that is kept, as bytes: what somebody who seizes the device finds. */
  dump(): Uint8Array[] {
    return [...this.#tables.values()].flatMap((table) => [...table.values()].map((row) => Uint8Array.from(row)));
  }
}

class MemoryTransaction implements Transaction {
  readonly #tables: Map<string, Table>;
  /** What takes each change back, in the order of the changes. */
  readonly #undo: (() => void)[] = [];
  #isEnded = false;

  constructor(tables: Map<string, Table>) {
    this.#tables = tables;
  }

  get(table: string, key: Key): Promise<Row | undefined> {
    const bytes = this.#table(table).get(nameOf(encodeKey(key)));
    return Promise.resolve(bytes === undefined ? undefined : decodeRow(bytes));
  }

  put(table: string, key: Key, row: Row): Promise<void> {
    this.#change(table, nameOf(encodeKey(key)), encodeRow(row));
    return Promise.resolve();
  }

  delete(table: string, key: Key): Promise<void> {
    this.#change(table, nameOf(encodeKey(key)), undefined);
    return Promise.resolve();
  }

  list(table: string, options: ListOptions = {}): Promise<Row[]> {
    const names = this.#names(table, options);
    if (options.reverse === true) names.reverse();
    const rows = names.slice(0, options.limit).map((name) => this.#table(table).get(name));
    return Promise.resolve(rows.filter((row) => row !== undefined).map(decodeRow));
  }

  deleteRange(table: string, options: ListOptions): Promise<void> {
    for (const name of this.#names(table, options)) this.#change(table, name, undefined);
    return Promise.resolve();
  }

  async takeDamaged(table: string, isWhole: RowCheck = () => true): Promise<DamagedRow[]> {
    const damaged: DamagedRow[] = [];
    for (const [name, bytes] of this.#table(table)) {
      const key = Uint8Array.from(name, (character) => character.charCodeAt(0));
      if (!(await isWholeRow(bytes, key, isWhole))) damaged.push({ key, bytes });
    }
    for (const { key } of damaged) this.#change(table, nameOf(key), undefined);
    return damaged;
  }

  /** What comes after this would belong to no transaction: it throws. */
  end(): void {
    this.#isEnded = true;
  }

  undo(): void {
    for (const undo of this.#undo.reverse()) undo();
  }

  #names(table: string, { prefix = [], from, to }: ListOptions): string[] {
    const bounds = {
      from: [nameOf(encodeKey(prefix)), from === undefined ? '' : nameOf(encodeKey(from))],
      to: [nameOf(encodePrefixEnd(prefix)), ...(to === undefined ? [] : [nameOf(encodeKey(to))])],
    };
    return [...this.#table(table).keys()]
      .filter((name) => bounds.from.every((bound) => name >= bound) && bounds.to.every((bound) => name < bound))
      .sort();
  }

  #change(tableName: string, name: string, bytes: Uint8Array | undefined): void {
    const table = this.#table(tableName);
    const before = table.get(name);
    this.#undo.push(() => (before === undefined ? table.delete(name) : table.set(name, before)));
    if (bytes === undefined) table.delete(name);
    else table.set(name, bytes);
  }

  #table(name: string): Table {
    if (this.#isEnded) throw new TypeError('this transaction has ended');
    const table = this.#tables.get(name) ?? new Map<string, Uint8Array>();
    this.#tables.set(name, table);
    return table;
  }
}

/** Keys as strings of one character a byte: these sort as the bytes do. */
function nameOf(key: Uint8Array): string {
  let name = '';
  for (const byte of key) name += String.fromCharCode(byte);
  return name;
}
