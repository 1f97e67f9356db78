/** One transaction on the SQLite file: rows by key, over prepared statements. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StorageError } from '@sealane/shared/errors';
import {
  decodeRow,
  encodeKey,
  encodePrefixEnd,
  encodeRow,
  isWholeRow,
  type DamagedRow,
  type Key,
  type ListOptions,
  type Row,
  type RowCheck,
  type Transaction,
} from '../storage/index.ts';

const RANGE = 'name = ? AND key >= ? AND key >= ? AND key < ? AND key < ?';
const ALL = -1;

export interface Statements {
  readonly get: StatementSync;
  readonly put: StatementSync;
  readonly delete: StatementSync;
  readonly list: StatementSync;
  readonly listReverse: StatementSync;
  readonly deleteRange: StatementSync;
  readonly all: StatementSync;
}

export function prepareStatements(database: DatabaseSync): Statements {
  return {
    get: database.prepare('SELECT row FROM rows WHERE name = ? AND key = ?'),
    put: database.prepare(
      'INSERT INTO rows (name, key, row) VALUES (?, ?, ?) ON CONFLICT (name, key) DO UPDATE SET row = excluded.row',
    ),
    delete: database.prepare('DELETE FROM rows WHERE name = ? AND key = ?'),
    list: database.prepare(`SELECT row FROM rows WHERE ${RANGE} ORDER BY key LIMIT ?`),
    listReverse: database.prepare(`SELECT row FROM rows WHERE ${RANGE} ORDER BY key DESC LIMIT ?`),
    deleteRange: database.prepare(`DELETE FROM rows WHERE ${RANGE}`),
    all: database.prepare('SELECT key, row FROM rows WHERE name = ?'),
  };
}

export class SqliteTransaction implements Transaction {
  #statements: Statements | undefined;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** What comes after this would be written by itself, outside of any transaction: it throws. */
  end(): void {
    this.#statements = undefined;
  }

  get(table: string, key: Key): Promise<Row | undefined> {
    return settle(() => {
      const found = this.#open.get.get(table, encodeKey(key));
      return found === undefined ? undefined : rowOf(found);
    });
  }

  put(table: string, key: Key, row: Row): Promise<void> {
    return settle(() => void this.#open.put.run(table, encodeKey(key), encodeRow(row)));
  }

  delete(table: string, key: Key): Promise<void> {
    return settle(() => void this.#open.delete.run(table, encodeKey(key)));
  }

  list(table: string, options: ListOptions = {}): Promise<Row[]> {
    return settle(() => {
      const { list, listReverse } = this.#open;
      const statement = options.reverse === true ? listReverse : list;
      return statement.all(table, ...boundsOf(options), options.limit ?? ALL).map(rowOf);
    });
  }

  deleteRange(table: string, options: ListOptions): Promise<void> {
    return settle(() => void this.#open.deleteRange.run(table, ...boundsOf(options)));
  }

  async takeDamaged(table: string, isWhole: RowCheck = () => true): Promise<DamagedRow[]> {
    const damaged: DamagedRow[] = [];
    for (const { key, row } of this.#open.all.iterate(table)) {
      if (!(key instanceof Uint8Array) || !(row instanceof Uint8Array)) continue;
      if (!(await isWholeRow(row, key, isWhole))) damaged.push({ key, bytes: row });
    }
    for (const { key } of damaged) this.#open.delete.run(table, key);
    return damaged;
  }

  get #open(): Statements {
    if (this.#statements === undefined) throw new TypeError('this transaction has ended');
    return this.#statements;
  }
}

function settle<T>(step: () => T): Promise<T> {
  return new Promise((resolve) => resolve(step()));
}

function boundsOf({ prefix = [], from, to }: ListOptions): Uint8Array[] {
  const end = encodePrefixEnd(prefix);
  return [
    encodeKey(prefix),
    from === undefined ? new Uint8Array() : encodeKey(from),
    end,
    to === undefined ? end : encodeKey(to),
  ];
}

function rowOf({ row }: Readonly<Record<string, unknown>>): Row {
  if (!(row instanceof Uint8Array)) throw new StorageError('E_DATA', 'a row of the message database is damaged');
  return decodeRow(row);
}
