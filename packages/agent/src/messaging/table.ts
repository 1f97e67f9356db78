/** Table: typed rows of the database, which of their fields are the key, and what each field holds. */
import { StorageError } from '@sealane/shared/errors';
import { jsonOf } from './json-column.ts';
import type { DamagedRow, Key, KeyPart, ListOptions, Row, Transaction, Value } from '@sealane/e2ee/storage';

/** What a field holds: `json` is a text that is empty, or JSON. */
type FieldKind<V> = V extends string ? 'text' | 'json' : V extends number ? 'number' : V extends null ? never : 'bytes';

/** What the fields of a row hold. */
export type RowShape<R extends Row> = { readonly [Name in keyof R]: FieldKind<R[Name]> | 'any' };

export class Table<R extends Row> {
  readonly name: string;
  readonly #key: readonly (keyof R & string)[];
  readonly #shape: readonly (readonly [string, FieldKind<Value> | 'any'])[];

  constructor(name: string, key: readonly (keyof R & string)[], shape: RowShape<R>) {
    this.name = name;
    this.#key = key;
    this.#shape = Object.entries(shape);
  }

  /** @throws StorageError `E_DATA` for a row that is damaged. */
  async get(tx: Transaction, ...key: Key): Promise<R | undefined> {
    const row = await tx.get(this.name, key);
    return row === undefined ? undefined : this.#checked(row);
  }

  /** @throws StorageError `E_DATA` where one of them is damaged. */
  async list(tx: Transaction, options?: ListOptions): Promise<readonly R[]> {
    const rows = await tx.list(this.name, options);
    return rows.map((row) => this.#checked(row));
  }

  put(tx: Transaction, row: R): Promise<void> {
    return tx.put(
      this.name,
      this.#key.map((name) => row[name] as KeyPart),
      row,
    );
  }

  /** Writes some fields over those of the row that is there. */
  async patch(tx: Transaction, row: R, fields: Partial<R>): Promise<R> {
    const patched = { ...row, ...fields };
    await this.put(tx, patched);
    return patched;
  }

  delete(tx: Transaction, ...key: Key): Promise<void> {
    return tx.delete(this.name, key);
  }

  /** Takes out the rows that are damaged. */
  takeDamaged(tx: Transaction): Promise<DamagedRow[]> {
    return tx.takeDamaged(this.name, (row) => this.#isShaped(row) && this.#hasJson(row));
  }

  #checked(row: Row): R {
    if (this.#isShaped(row)) return row as R;
    throw new StorageError('E_DATA', `a row of ${this.name} in the message database is damaged`);
  }

  /** A field that is not there is of an earlier version, unless it is of the key. */
  #isShaped(row: Row): boolean {
    return this.#shape.every(([name, kind]) => {
      const value = row[name];
      return value === undefined ? !this.#key.includes(name) : isOfKind(value, kind);
    });
  }

  #hasJson(row: Row): boolean {
    return this.#shape.every(([name, kind]) => kind !== 'json' || isJson(row[name]));
  }
}

function isOfKind(value: Value, kind: FieldKind<Value> | 'any'): boolean {
  switch (kind) {
    case 'text':
    case 'json':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'bytes':
      return value instanceof Uint8Array;
    case 'any':
      return value !== null;
  }
}

function isJson(value: Value | undefined): boolean {
  if (value === undefined || value === '') return true;
  try {
    jsonOf(String(value));
    return true;
  } catch {
    return false;
  }
}
