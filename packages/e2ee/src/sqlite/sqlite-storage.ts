/** SqliteStorage: a `Storage` over `node:sqlite`. */
import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { StorageError } from '@sealane/shared/errors';
import { Turns, type Storage, type Transaction } from '../storage/index.ts';
import { isBusy, storageErrorOf } from './explain-fault.ts';
import { prepareSchema } from './schema.ts';
import { SqliteTransaction, prepareStatements, type Statements } from './sqlite-transaction.ts';

/** Only the owner may read keys and messages. */
const FILE_MODE = 0o600;
/** A transaction that did not get its turn by then fails; others hold the lock for milliseconds. */
const BUSY_MS_MAX = 30_000;
const BUSY_PAUSE_MS = 3;
/** Pages in the write-ahead log from which it is taken into the file: old versions of rows live there meanwhile. */
const LOG_PAGES = 256;
/** After this time without a transaction the log is taken in and emptied: it holds what rows were before. */
const LOG_IDLE_MS = 500;

/** What may differ from the defaults. */
export interface SqliteStorageOptions {
  /** How long to wait while other processes hold the file, ms; default 30,000. */
  readonly busyMsMax?: number;
}

/**
 * Storage in one SQLite file, which only its owner may read. Several processes may use it: each transaction takes the
 * write lock of the file first, so that what it read stays true until it has written. What is deleted is overwritten.
 */
export class SqliteStorage implements Storage {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #turns = new Turns();
  readonly #busyMsMax: number;
  #logTimer: NodeJS.Timeout | undefined;

  private constructor(database: DatabaseSync, busyMsMax: number) {
    this.#database = database;
    this.#statements = prepareStatements(database);
    this.#busyMsMax = busyMsMax;
  }

  /** Opens the file; makes it when it is not there. @throws StorageError. */
  static async open(file: string, { busyMsMax = BUSY_MS_MAX }: SqliteStorageOptions = {}): Promise<SqliteStorage> {
    let database: DatabaseSync | undefined;
    try {
      closeSync(openSync(file, 'a', FILE_MODE));
      chmodSync(file, FILE_MODE);
      const opened = new DatabaseSync(file);
      database = opened;
      await waitWhileBusy(busyMsMax, () => {
        configure(opened);
        prepareSchema(opened, file);
      });
      return new SqliteStorage(opened, busyMsMax);
    } catch (error) {
      database?.close();
      throw storageErrorOf(error, file);
    }
  }

  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#turns.take(() => this.#run(work));
  }

  /** Ends when the transactions before it have ended, with the write-ahead log taken in and emptied. */
  async close(): Promise<void> {
    await this.#turns.take(() => {
      clearTimeout(this.#logTimer);
      if (!this.#database.isOpen) return Promise.resolve();
      this.#emptyLog();
      this.#database.close();
      return Promise.resolve();
    });
  }

  /** Does nothing while another process reads: the log is emptied the next time, by whoever is idle or last. */
  #emptyLog(): void {
    try {
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
  }

  #emptyLogWhenIdle(): void {
    clearTimeout(this.#logTimer);
    const emptyInTurn = (): Promise<void> =>
      this.#turns.take(() => {
        if (this.#database.isOpen) this.#emptyLog();
        return Promise.resolve();
      });
    // A disk that refuses this will refuse the next transaction, whose caller can be told.
    this.#logTimer = setTimeout(() => void emptyInTurn().catch(() => undefined), LOG_IDLE_MS);
    this.#logTimer.unref();
  }

  async #run<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    await this.#begin();
    const transaction = new SqliteTransaction(this.#statements);
    try {
      const result = await work(transaction);
      this.#database.exec('COMMIT');
      this.#emptyLogWhenIdle();
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw storageErrorOf(error, 'the message database');
    } finally {
      transaction.end();
    }
  }

  async #begin(): Promise<void> {
    try {
      await waitWhileBusy(this.#busyMsMax, () => this.#database.exec('BEGIN IMMEDIATE'));
    } catch (error) {
      throw storageErrorOf(error, 'the message database');
    }
  }
}

function configure(database: DatabaseSync): void {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON');
  database.exec(`PRAGMA wal_autocheckpoint = ${LOG_PAGES}; PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON`);
}

/** Tries `step` again until no other process is in the way; the event loop runs meanwhile. */
async function waitWhileBusy(busyMsMax: number, step: () => void): Promise<void> {
  const deadline = performance.now() + busyMsMax;
  for (;;) {
    try {
      step();
      return;
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() > deadline) {
        throw new StorageError('E_DATA_IN_USE', 'another process holds the message database', { cause: error });
      }
    }
    await sleep(BUSY_PAUSE_MS);
  }
}
