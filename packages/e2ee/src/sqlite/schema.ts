/** Tables of the SQLite file, and the number that tells which version wrote them. */
import type { DatabaseSync } from 'node:sqlite';
import { StorageError } from '@sealane/shared/errors';

/** Marks our files among SQLite files: "SLM1". */
const APPLICATION_ID = 0x53_4c_4d_31;
const SCHEMA_VERSION = 1;

const TABLES = `
  CREATE TABLE rows (
    name TEXT NOT NULL,
    key BLOB NOT NULL,
    row BLOB NOT NULL,
    UNIQUE (name, key)
  ) STRICT`;

/** Makes the tables in an empty file, and refuses files that are not ours or too new. */
export function prepareSchema(database: DatabaseSync, file: string): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = pragma(database, 'user_version');
    const application = pragma(database, 'application_id');
    if (version === 0 && application === 0 && isEmpty(database)) {
      database.exec(`${TABLES}; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
    } else if (application !== APPLICATION_ID) {
      throw new StorageError('E_DATA', `${file} is a SQLite file of another program`);
    } else if (version > SCHEMA_VERSION) {
      throw new StorageError(
        'E_DATA',
        `${file} has format ${version}; this version knows ${SCHEMA_VERSION}: update it`,
      );
    }
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function isEmpty(database: DatabaseSync): boolean {
  return database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count'] === 0;
}
