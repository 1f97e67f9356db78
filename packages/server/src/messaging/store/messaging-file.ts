/**
 * Opens a messaging file: a new one is made beside its place and moved there whole; one that is there is never made anew,
 * whatever is wrong with it (faults S6, S11).
 */
import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StoreFault } from '../../store/sqlite/fault.ts';
import { moveInPlace } from '../../store/sqlite/open-file.ts';
import { SERVICE_TABLES } from './service-store.ts';

/** In the header of the file: tells it from any other SQLite file. "SLms". */
const APPLICATION_ID = 0x534c_6d73;
/** Format that this version reads and writes. */
const FORMAT = 1;
const FILE_MODE = 0o600;
const TABLES = `BEGIN; ${SERVICE_TABLES} PRAGMA user_version = ${FORMAT}; COMMIT;`;

/** @throws StoreFault, or what SQLite says. */
export function openMessagingFile(file: string): DatabaseSync {
  if (!existsSync(file)) createFile(file);
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    check(database, file);
    // Takes the lock for good.
    database.exec('BEGIN IMMEDIATE; COMMIT');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Tables of a server that keeps nothing. */
export function openInMemory(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  database.exec(TABLES);
  return database;
}

function createFile(file: string): void {
  if (existsSync(`${file}-wal`)) throw new StoreFault('missing', `${file} is missing, but ${file}-wal is there`);
  const temporary = `${file}.new`;
  rmSync(temporary, { force: true });
  closeSync(openSync(temporary, 'wx', FILE_MODE));
  const database = new DatabaseSync(temporary);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID};`);
  database.exec(TABLES);
  database.close();
  moveInPlace(temporary, file);
}

function check(database: DatabaseSync, file: string): void {
  const { application_id: application } = database.prepare('PRAGMA application_id').get() ?? {};
  if (application !== APPLICATION_ID) throw new StoreFault('foreign', `${file} is a SQLite file of another program`);
  const { user_version: format } = database.prepare('PRAGMA user_version').get() ?? {};
  if (Number(format) > FORMAT)
    throw new StoreFault('newer', `${file} has format ${Number(format)}; this version knows formats up to ${FORMAT}`);
}
