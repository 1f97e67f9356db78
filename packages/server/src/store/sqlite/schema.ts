/** The tables of a store file, its formats, and how an older one becomes the present one. */
import type { DatabaseSync } from 'node:sqlite';

/** In the header of the file: tells a store from any other SQLite file. "SLst". */
export const APPLICATION_ID = 0x534c_7374;
/** Format that this version reads and writes; `user_version` in the header of the file. */
export const STORE_FORMAT = 2;

const PAGE_BYTES = 16_384;

/** Settings of the file, before its first table. */
export const FILE_SETTINGS = `PRAGMA page_size = ${PAGE_BYTES}; PRAGMA application_id = ${APPLICATION_ID};`;

/** `log`: batches, appended. `state`: parts of the state that checkpoints wrote. The rest is in no memory. */
const TABLES = `
CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), data BLOB NOT NULL) STRICT;
CREATE TABLE log (
  position INTEGER PRIMARY KEY, record_bytes INTEGER NOT NULL, live BLOB, head BLOB NOT NULL, records BLOB NOT NULL
) STRICT;
CREATE TABLE state (
  kind INTEGER NOT NULL, id INTEGER NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (kind, id, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE dead_letter (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, queue_id TEXT NOT NULL, about TEXT NOT NULL,
  record BLOB NOT NULL
) STRICT;
CREATE INDEX dead_letter_queue ON dead_letter (queue_id, number);
CREATE TABLE usage (
  hour INTEGER NOT NULL, agent_id TEXT NOT NULL, connections INTEGER NOT NULL, online_ms INTEGER NOT NULL,
  events_in INTEGER NOT NULL, events_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL,
  errors INTEGER NOT NULL, PRIMARY KEY (hour, agent_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE agent (agent_id TEXT PRIMARY KEY, last_seen_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

/** Makes the tables of the present format in an empty file. */
export function createTables(database: DatabaseSync): void {
  database.exec(`BEGIN; ${TABLES} PRAGMA user_version = ${STORE_FORMAT}; COMMIT;`);
}

/** Steps from a format to the next one, each run in one transaction with the new format number. */
const MIGRATIONS: Readonly<Record<number, string>> = {
  // Format 1 could not list the dead letters of one queue without reading all of them.
  1: 'CREATE INDEX dead_letter_queue ON dead_letter (queue_id, number);',
};

/** Brings a file of an older format to the present one. */
export function migrate(database: DatabaseSync, from: number): void {
  for (let format = from; format < STORE_FORMAT; format++) {
    database.exec(`BEGIN; ${MIGRATIONS[format] ?? ''} PRAGMA user_version = ${format + 1}; COMMIT;`);
  }
}
