/**
 * Opens a store file: a new one is made beside its place and moved there whole; one that is there is never made anew,
 * whatever is wrong with it (faults S6, S11).
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { faultOf, StoreFault } from './fault.ts';
import { APPLICATION_ID, createTables, FILE_SETTINGS, migrate, STORE_FORMAT } from './schema.ts';
import { newMeta, writeMeta } from './store-meta.ts';

/** Only the owner may read events. */
const FILE_MODE = 0o600;
const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';
/** Kept at most after a checkpoint. */
const WAL_BYTES_MAX = 67_108_864;

export interface OpenedDatabase {
  readonly database: DatabaseSync;
  /** Copy of the file in its older format, when it was migrated. */
  readonly migratedFrom: string | undefined;
}

/** @throws StoreFault, or what SQLite says. */
export function openStoreFile(file: string): OpenedDatabase {
  if (!existsSync(file)) createStoreFile(file);
  checkHeader(file);
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    const { user_version: format } = database.prepare('PRAGMA user_version').get() ?? {};
    const migratedFrom = migrateIfOld(database, file, Number(format));
    database.exec('PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY');
    database.exec(`PRAGMA journal_size_limit = ${WAL_BYTES_MAX}; PRAGMA cell_size_check = ON`);
    // Takes the lock for good, and what an earlier process left in the write-ahead log into the file.
    database.exec('BEGIN IMMEDIATE; COMMIT');
    if (takeLogIn(database)) checkSize(database, file);
    return { database, migratedFrom };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** @returns false on a full disk: what is in the log stays there, and what waits can be delivered all the same. */
function takeLogIn(database: DatabaseSync): boolean {
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    return true;
  } catch (error) {
    if (faultOf(error).kind !== 'full') throw error;
    return false;
  }
}

/** Makes an empty store in a file that is not there. */
export function createStoreFile(file: string): void {
  if (existsSync(`${file}-wal`)) {
    throw new StoreFault('missing', `${file} is missing, but ${file}-wal is there`);
  }
  const temporary = `${file}.new`;
  rmSync(temporary, { force: true });
  closeSync(openSync(temporary, 'wx', FILE_MODE));
  const database = new DatabaseSync(temporary);
  database.exec(FILE_SETTINGS);
  createTables(database);
  writeMeta(database, newMeta());
  database.close();
  moveInPlace(temporary, file);
}

/** Makes a finished file appear at its place, whole and for good. */
export function moveInPlace(temporary: string, file: string): void {
  syncPath(temporary);
  renameSync(temporary, file);
  syncPath(dirname(file));
}

function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** What can be told without SQLite; https://sqlite.org/fileformat.html §1.3. @throws StoreFault. */
export function checkHeader(file: string): void {
  const header = Buffer.alloc(HEADER_BYTES);
  const descriptor = openSync(file, 'r');
  let size: number;
  try {
    size = readSync(descriptor, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(descriptor);
  }
  if (size === 0) throw new StoreFault('damaged', `${file} is empty`);
  if (header.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw new StoreFault('foreign', `${file} is not a SQLite file`);
  }
  if (size < HEADER_BYTES) throw new StoreFault('damaged', `${file} is cut off`);
  if (header.readUInt32BE(68) !== APPLICATION_ID) {
    throw new StoreFault('foreign', `${file} is a SQLite file of another program`);
  }
  const format = header.readUInt32BE(60);
  if (format > STORE_FORMAT) {
    throw new StoreFault('newer', `${file} has format ${format}; this version knows formats up to ${STORE_FORMAT}`);
  }
  checkPages(file, header);
}

/** Without a write-ahead log the file is as long as its header says, at least. */
function checkPages(file: string, header: Buffer): void {
  const hasLog = existsSync(`${file}-wal`) && statSync(`${file}-wal`).size > 0;
  const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const expected = pageBytes * header.readUInt32BE(28);
  const { size } = statSync(file);
  if (!hasLog && size < expected) {
    throw new StoreFault('damaged', `${file} is cut off: it has ${size} of ${expected} bytes`);
  }
}

function checkSize(database: DatabaseSync, file: string): void {
  const { page_count: pages } = database.prepare('PRAGMA page_count').get() ?? {};
  const { page_size: pageBytes } = database.prepare('PRAGMA page_size').get() ?? {};
  const expected = Number(pages) * Number(pageBytes);
  const { size } = statSync(file);
  if (size < expected) throw new StoreFault('damaged', `${file} is cut off: it has ${size} of ${expected} bytes`);
}

function migrateIfOld(database: DatabaseSync, file: string, format: number): string | undefined {
  if (format >= STORE_FORMAT) return undefined;
  const copy = `${file}.format-${format}`;
  database.exec('BEGIN IMMEDIATE; COMMIT');
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  if (!existsSync(copy)) {
    const temporary = `${copy}.new`;
    copyFileSync(file, temporary);
    moveInPlace(temporary, copy);
  }
  migrate(database, format);
  return copy;
}
