/**
 * rowsAtOnce: rows of a SQLite database without the thread that writes to it. Nothing waits for the disk here: neither for a
 * commit, nor for a lock that another process holds.
 */
import { DatabaseSync } from 'node:sqlite';
import type { SqlRow, SqlValue } from './sqlite-thread.ts';

/** @returns undefined where it cannot be read now, for whatever reason: the thread says why, or waits. */
export function rowsAtOnce(file: string, sql: string, values: readonly SqlValue[]): readonly SqlRow[] | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true, timeout: 0 });
    return database.prepare(sql).all(...values) as SqlRow[];
  } catch {
    return undefined;
  } finally {
    database?.close();
  }
}
