/** As much of IndexedDB as the storage beside it takes: the types of this workspace are those of Node.js. */
import type { Key, Row } from '../../src/storage/index.ts';

/** A table and an encoded key: browsers compare the bytes as we do. */
type Place = readonly [string, Uint8Array];

/** A row as it is kept. */
export interface Kept {
  readonly table: string;
  readonly key: Key;
  readonly row: Row;
}

export type Change =
  | { readonly kind: 'put'; readonly place: Place; readonly kept: Kept }
  | { readonly kind: 'delete'; readonly place: Place }
  | { readonly kind: 'range'; readonly from: Place; readonly to: Place };

interface Asked<T> {
  readonly result: T;
  readonly error: Error | null;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}

interface Rows {
  put(value: Kept, place: Place): void;
  delete(range: unknown): void;
  getAll(): Asked<Kept[]>;
}

interface Writing {
  readonly error: Error | null;
  objectStore(name: string): Rows;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
}

export interface BrowserDatabase {
  createObjectStore(name: string): void;
  transaction(name: string, mode: 'readonly' | 'readwrite', options?: { readonly durability: 'strict' }): Writing;
  close(): void;
}

interface Browser {
  readonly indexedDB: { open(name: string): Asked<BrowserDatabase> & { onupgradeneeded: (() => void) | null } };
  readonly IDBKeyRange: { bound(from: Place, to: Place, isFromOpen: boolean, isToOpen: boolean): unknown };
}

const browser = globalThis as unknown as Browser;
const ROWS = 'rows';

export function openDatabase(name: string): Promise<BrowserDatabase> {
  const opening = browser.indexedDB.open(name);
  opening.onupgradeneeded = () => opening.result.createObjectStore(ROWS);
  return settled(opening);
}

export function allOf(database: BrowserDatabase): Promise<Kept[]> {
  return settled(database.transaction(ROWS, 'readonly').objectStore(ROWS).getAll());
}

/** All of the changes, in their order, or none. */
export function writeAll(database: BrowserDatabase, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const writing = database.transaction(ROWS, 'readwrite', { durability: 'strict' });
    writing.oncomplete = () => resolve();
    writing.onabort = () => reject(writing.error ?? new Error('the browser took the transaction back'));
    const rows = writing.objectStore(ROWS);
    for (const change of changes) {
      if (change.kind === 'put') rows.put(change.kept, change.place);
      else if (change.kind === 'delete') rows.delete(change.place);
      else rows.delete(browser.IDBKeyRange.bound(change.from, change.to, false, true));
    }
  });
}

function settled<T>(asked: Asked<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error ?? new Error('the browser refused'));
  });
}
