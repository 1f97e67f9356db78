/**
 * SqliteThread: SQLite databases in a thread of their own, because a commit waits for the disk, which may take seconds,
 * and heartbeats must be answered meanwhile (fault S1).
 *
 * The thread knows nothing but transactions: lists of statements, run in order, all or nothing. Which ones, is decided
 * on this side. It ends with its last database.
 */
import { Worker } from 'node:worker_threads';
import { StorageError } from '@sealane/shared/errors';

/** What SQLite stores. */
export type SqlValue = null | number | string | Uint8Array;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** One statement, and the parameters of each time that it is run. A transaction gives the rows of the last time. */
export interface SqlStatement {
  readonly sql: string;
  readonly runs?: readonly (readonly SqlValue[])[];
}

/** How a database is opened. */
export interface OpenDatabaseOptions {
  readonly file: string;
  /** Run before anything else, outside of a transaction: pragmas. */
  readonly setup: string;
  /** How long to wait for a lock that another process holds. */
  readonly busyTimeoutMs: number;
}

interface Call {
  readonly resolve: (rows: readonly (readonly SqlRow[])[]) => void;
  readonly reject: (error: Error) => void;
}

type Task =
  | ({ readonly kind: 'open' } & OpenDatabaseOptions)
  | { readonly kind: 'run'; readonly statements: readonly SqlStatement[] }
  | { readonly kind: 'close' };

type Answer =
  | { readonly call: number; readonly rows: readonly (readonly SqlRow[])[] }
  | { readonly call: number; readonly message: string; readonly sqlCode: number };

/** A failure as SQLite tells it. */
export class SqlError extends Error {
  override readonly name = 'SqlError';
  /** Primary result code (https://sqlite.org/rescode.html). */
  readonly sqlCode: number;

  constructor(message: string, sqlCode: number) {
    super(message);
    this.sqlCode = sqlCode & 0xff;
  }
}

/** Result codes that callers tell apart. */
export const SQLITE = { busy: 5, corrupt: 11, full: 13, notADatabase: 26 } as const;

export class SqliteThread {
  #worker: Worker | undefined;
  readonly #calls = new Map<number, Call>();
  #callsMade = 0;
  #databasesMade = 0;
  readonly #open = new Set<number>();

  /** @throws SqlError when SQLite refuses. */
  async open(options: OpenDatabaseOptions): Promise<SqliteDatabase> {
    const database = ++this.#databasesMade;
    this.#open.add(database);
    try {
      await this.call(database, { kind: 'open', ...options });
    } catch (error) {
      await this.close(database);
      throw error;
    }
    return new SqliteDatabase(this, database);
  }

  /** For databases: has something done in the thread. */
  call(database: number, task: Task): Promise<readonly (readonly SqlRow[])[]> {
    const worker = (this.#worker ??= this.#start());
    const call = ++this.#callsMade;
    return new Promise((resolve, reject) => {
      this.#calls.set(call, { resolve, reject });
      worker.ref();
      worker.postMessage({ call, database, ...task });
    });
  }

  /** For databases: one is not needed any more. */
  async close(database: number): Promise<void> {
    if (this.#worker === undefined) return;
    await this.call(database, { kind: 'close' }).catch(() => undefined);
    this.#open.delete(database);
    if (this.#open.size > 0) return;
    const worker = this.#worker;
    this.#worker = undefined;
    await worker.terminate();
  }

  #start(): Worker {
    // As text, so that it needs no file beside a bundle. It is self-contained.
    const worker = new Worker(`(${serveDatabases.toString()})()`, { eval: true, execArgv: [], name: 'sqlite' });
    worker.unref();
    worker.on('message', (answer: Answer) => {
      const call = this.#calls.get(answer.call);
      this.#calls.delete(answer.call);
      if (this.#calls.size === 0) worker.unref();
      if ('rows' in answer) call?.resolve(answer.rows);
      else call?.reject(new SqlError(answer.message, answer.sqlCode));
    });
    const onEnd = (cause: unknown): void => {
      if (this.#worker === worker) this.#worker = undefined;
      const calls = [...this.#calls.values()];
      this.#calls.clear();
      const error = new StorageError('E_STORAGE', 'The thread that writes to the disk ended', { cause });
      for (const { reject } of calls) reject(error);
    };
    worker.on('error', onEnd);
    worker.on('exit', onEnd);
    return worker;
  }
}

/** One open database. */
export class SqliteDatabase {
  readonly #thread: SqliteThread;
  readonly #database: number;

  constructor(thread: SqliteThread, database: number) {
    this.#thread = thread;
    this.#database = database;
  }

  /** Runs statements in one transaction. @returns the rows of each. @throws SqlError; then nothing of it happened. */
  run(statements: readonly SqlStatement[]): Promise<readonly (readonly SqlRow[])[]> {
    return this.#thread.call(this.#database, { kind: 'run', statements });
  }

  /** Waits for what was asked before. */
  close(): Promise<void> {
    return this.#thread.close(this.#database);
  }
}

/** The program of the thread. Its text is all that gets there: nothing outside of it may be named. */
function serveDatabases(): void {
  const { closeSync, openSync } = process.getBuiltinModule('node:fs');
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const { parentPort } = process.getBuiltinModule('node:worker_threads');
  type Database = InstanceType<typeof DatabaseSync>;
  type Statement = ReturnType<Database['prepare']>;
  type Message = { readonly call: number; readonly database: number } & (
    | { readonly kind: 'open'; readonly file: string; readonly setup: string; readonly busyTimeoutMs: number }
    | { readonly kind: 'run'; readonly statements: readonly { sql: string; runs?: (null | number | string)[][] }[] }
    | { readonly kind: 'close' }
  );
  const databases = new Map<number, { database: Database; prepared: Map<string, Statement> }>();

  const run = (message: Message & { readonly kind: 'run' }): unknown[][] => {
    const open = databases.get(message.database);
    if (open === undefined) throw new Error('the database is closed');
    const { database, prepared } = open;
    database.exec('BEGIN IMMEDIATE');
    try {
      const results = message.statements.map(({ sql, runs = [[]] }) => {
        let statement = prepared.get(sql);
        if (statement === undefined) prepared.set(sql, (statement = database.prepare(sql)));
        let rows: unknown[] = [];
        for (const values of runs) rows = statement.all(...values);
        return rows;
      });
      database.exec('COMMIT');
      return results;
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  };

  const serve = (message: Message): unknown[][] => {
    if (message.kind === 'run') return run(message);
    if (message.kind === 'open') {
      // SQLite would make it for everybody to read; what it makes beside it has the mode of the file.
      closeSync(openSync(message.file, 'a', 0o600));
      const database = new DatabaseSync(message.file, { timeout: message.busyTimeoutMs });
      databases.set(message.database, { database, prepared: new Map() });
      database.exec(message.setup);
      return [];
    }
    databases.get(message.database)?.database.close();
    databases.delete(message.database);
    return [];
  };

  parentPort?.on('message', (message: Message) => {
    try {
      parentPort.postMessage({ call: message.call, rows: serve(message) });
    } catch (error) {
      const { message: text, errcode = 1 } = error as Error & { errcode?: number };
      parentPort.postMessage({ call: message.call, message: text, sqlCode: errcode });
    }
  });
}
