/**
 * Copies a store file while it is written: a slice at a time, so that commits come in between and no read transaction
 * lives longer than one slice (fault S13). The copy is the state of the moment at which the log began to be copied.
 *
 *   mark → state, in slices → tables that are not in the log, and the end of the log, at one moment → log, in slices
 *
 * The log is not trimmed meanwhile, so that everything a copied part of the state may lack is in the copied log.
 */
import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { StoreFault } from './fault.ts';
import type { LogDatabase } from './log-database.ts';
import { moveInPlace } from './open-file.ts';
import { createTables, FILE_SETTINGS } from './schema.ts';
import { writeMeta } from './store-meta.ts';

type Row = Record<string, SQLOutputValue>;

/** Bytes that one slice copies, roughly. */
const SLICE_BYTES = 2_097_152;
const ROW_OVERHEAD_BYTES = 64;
const FILE_MODE = 0o600;
const SELECT_STATE = 'SELECT * FROM state WHERE (kind, id, part) > (?, ?, ?) ORDER BY kind, id, part';
const SELECT_LOG = 'SELECT * FROM log WHERE position > ? AND position <= ? ORDER BY position';

export class BackupCopy {
  readonly #source: LogDatabase;
  readonly #destination: string;
  readonly #temporary: string;
  readonly #copy: DatabaseSync;
  readonly #slices: Generator<undefined, undefined>;

  /** @throws StoreFault when there is something at the destination. */
  constructor(source: LogDatabase, destination: string) {
    if (existsSync(destination)) throw new StoreFault('exists', `${destination} is there already`);
    this.#source = source;
    this.#destination = destination;
    this.#temporary = `${destination}.new`;
    rmSync(this.#temporary, { force: true });
    closeSync(openSync(this.#temporary, 'wx', FILE_MODE));
    this.#copy = new DatabaseSync(this.#temporary);
    this.#copy.exec(FILE_SETTINGS);
    this.#copy.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF');
    createTables(this.#copy);
    source.isTrimHeld = true;
    this.#slices = this.#run();
  }

  /** Copies a slice. @returns whether all is done. */
  step(): boolean {
    try {
      if (this.#slices.next().done !== true) return false;
      this.#copy.close();
      moveInPlace(this.#temporary, this.#destination);
    } catch (error) {
      this.abandon();
      throw error;
    }
    this.#source.releaseTrims();
    return true;
  }

  abandon(): void {
    if (this.#copy.isOpen) this.#copy.close();
    rmSync(this.#temporary, { force: true });
    this.#source.releaseTrims();
  }

  *#run(): Generator<undefined, undefined> {
    const { database, meta } = this.#source;
    writeMeta(this.#copy, meta);
    yield* this.#copyState();
    const last = Number(database.prepare('SELECT max(position) AS last FROM log').get()?.['last'] ?? 0);
    // No commit comes in between: these tables go together with the end of the log.
    for (const table of ['dead_letter', 'usage', 'agent']) {
      for (const row of database.prepare(`SELECT * FROM ${table}`).iterate()) this.#insert(table, row);
    }
    yield undefined;
    yield* this.#copyLog(last);
    return undefined;
  }

  *#copyState(): Generator<undefined, undefined> {
    const select = this.#source.database.prepare(SELECT_STATE);
    let after: SQLInputValue[] = [-1, -1, -1];
    for (;;) {
      const last = this.#copySlice('state', select, after);
      if (last === undefined) return undefined;
      after = [last['kind'] ?? 0, last['id'] ?? 0, last['part'] ?? 0];
      yield undefined;
    }
  }

  *#copyLog(to: number): Generator<undefined, undefined> {
    const select = this.#source.database.prepare(SELECT_LOG);
    let after: SQLInputValue = -1;
    for (;;) {
      const last = this.#copySlice('log', select, [after, to]);
      if (last === undefined) return undefined;
      after = last['position'] ?? 0;
      yield undefined;
    }
  }

  /** @returns the last row of the slice; undefined when there was none. */
  #copySlice(table: string, select: StatementSync, parameters: readonly SQLInputValue[]): Row | undefined {
    let last: Row | undefined;
    let bytes = 0;
    this.#copy.exec('BEGIN');
    for (const row of select.iterate(...parameters)) {
      this.#insert(table, row);
      last = row;
      bytes += ROW_OVERHEAD_BYTES;
      for (const value of Object.values(row)) if (value instanceof Uint8Array) bytes += value.length;
      if (bytes >= SLICE_BYTES) break;
    }
    this.#copy.exec('COMMIT');
    return last;
  }

  #insert(table: string, row: Row): void {
    const values = Object.values(row);
    this.#inserts[table] ??= this.#copy.prepare(`INSERT INTO ${table} VALUES (${values.map(() => '?').join(', ')})`);
    this.#inserts[table].run(...values);
  }

  readonly #inserts: Record<string, StatementSync> = {};
}
