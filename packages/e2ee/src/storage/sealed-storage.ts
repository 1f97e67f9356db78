/** SealedStorage: a layer over another `Storage`, which then holds sealed rows. */
import { concat, utf8Encode } from '@sealane/shared/bytes';
import { StorageError } from '@sealane/shared/errors';
import { compareKeys, encodeKey, encodePrefixEnd, type Key } from './key.ts';
import { decodeRow, encodeRow, type Row } from './row.ts';
import type { DamagedRow, ListOptions, RowCheck, Storage, Transaction } from './storage.ts';
import { isWholeRow } from './whole-row.ts';

/** Seals rows: from a passphrase, a keyring, or a key of the browser that cannot be exported. */
export interface RowCipher {
  seal(row: Uint8Array, place: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Undefined when the bytes were not sealed with this key for this place. */
  open(sealed: Uint8Array, place: Uint8Array): Uint8Array | undefined | Promise<Uint8Array | undefined>;
}

/**
 * Storage whose rows are encrypted at rest in another storage. Which tables there are, the keys of rows and their sizes
 * stay visible; what is in the rows does not, and a row moved to another key does not open there. What does not open
 * throws StorageError `E_PASSPHRASE`, rows out of their order `E_DATA`.
 */
export class SealedStorage implements Storage {
  readonly #inner: Storage;
  readonly #cipher: RowCipher;

  constructor(inner: Storage, cipher: RowCipher) {
    this.#inner = inner;
    this.#cipher = cipher;
  }

  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#inner.transaction((transaction) => work(new SealedTransaction(transaction, this.#cipher)));
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

class SealedTransaction implements Transaction {
  readonly #inner: Transaction;
  readonly #cipher: RowCipher;

  constructor(inner: Transaction, cipher: RowCipher) {
    this.#inner = inner;
    this.#cipher = cipher;
  }

  async get(table: string, key: Key): Promise<Row | undefined> {
    const row = await this.#inner.get(table, key);
    return row === undefined ? undefined : await this.#open(table, { ...row, place: encodeKey(key) });
  }

  async put(table: string, key: Key, row: Row): Promise<void> {
    const place = encodeKey(key);
    const sealed = await this.#cipher.seal(encodeRow(row), placeOf(table, place));
    await this.#inner.put(table, key, { place, sealed });
  }

  delete(table: string, key: Key): Promise<void> {
    return this.#inner.delete(table, key);
  }

  async list(table: string, options?: ListOptions): Promise<Row[]> {
    const rows = await this.#inner.list(table, options);
    expectPlaces(rows, options);
    return await Promise.all(rows.map((row) => this.#open(table, row)));
  }

  deleteRange(table: string, options: ListOptions): Promise<void> {
    return this.#inner.deleteRange(table, options);
  }

  takeDamaged(table: string, isWhole: RowCheck = () => true): Promise<DamagedRow[]> {
    return this.#inner.takeDamaged(table, async (sealed, key) => {
      const row = await this.#opened(table, { ...sealed, place: key });
      return row !== undefined && (await isWholeRow(row, key, isWhole));
    });
  }

  async #opened(table: string, { place, sealed }: Row): Promise<Uint8Array | undefined> {
    const isSealed = place instanceof Uint8Array && sealed instanceof Uint8Array;
    return isSealed ? await this.#cipher.open(sealed, placeOf(table, place)) : undefined;
  }

  async #open(table: string, sealed: Row): Promise<Row> {
    const row = await this.#opened(table, sealed);
    if (row === undefined) throw new StorageError('E_PASSPHRASE', 'the passphrase does not open the message database');
    return decodeRow(row);
  }
}

/** Rows say where they belong; one that was put somewhere else would stand out of its order, or of the range. */
function expectPlaces(rows: readonly Row[], { prefix = [], from, to, reverse = false }: ListOptions = {}): void {
  const ends = [encodePrefixEnd(prefix), ...(to === undefined ? [] : [encodeKey(to)])];
  const starts = [encodeKey(prefix), ...(from === undefined ? [] : [encodeKey(from)])];
  const places = rows.flatMap(({ place }) => (place instanceof Uint8Array ? [place] : []));
  if (reverse) places.reverse();
  const isPlaced = places.every((place, index) => {
    const before = places[index - 1];
    const isNext = before === undefined || compareKeys(before, place) < 0;
    const isInside = starts.every((start) => compareKeys(start, place) <= 0);
    return isNext && isInside && ends.every((end) => compareKeys(place, end) < 0);
  });
  if (!isPlaced) throw new StorageError('E_DATA', 'rows of the message database were moved');
}

function placeOf(table: string, key: Uint8Array): Uint8Array {
  return concat(utf8Encode(table), Uint8Array.of(0), key);
}
