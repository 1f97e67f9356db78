/**
 * SqliteInbox: the inbox in a file of the data directory. Processes of one agent may share it: each row says for itself
 * which lineage it belongs to, a process that took over reads what the other wrote, and what both know at a take-over
 * is joined: neither overwrites what the other has done.
 *
 * A process that takes no events only looks: it starts no thread for that, which would take longer than the rest of a command.
 */
import { toHex } from '@sealane/shared/bytes';
import { StorageError } from '@sealane/shared/errors';
import { DoneSet, type DoneState, type Run } from './done-set.ts';
import type { Inbox, InboxEntry } from './inbox.ts';
import { rowsAtOnce } from './rows-at-once.ts';
import { SqlError, type SqlRow, type SqlStatement, type SqliteDatabase, type SqliteThread } from './sqlite-thread.ts';
import { WriteLoop } from './write-loop.ts';

const SETUP = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA journal_size_limit = 4194304;
`;
const FORMAT = 1;
/** A take-over may find the process of before at its last write. */
const BUSY_TIMEOUT_MS = 5_000;
/** Lineages that are remembered of one subscription. */
const LINEAGES_MAX = 8;
/** How often another process may write between reading and writing; it writes only while it ends. */
const JOINS_MAX = 100;

const CREATE: readonly SqlStatement[] = [
  {
    sql: `CREATE TABLE IF NOT EXISTS done (
      subscription TEXT NOT NULL, lineage BLOB NOT NULL, server TEXT NOT NULL, cursor INTEGER NOT NULL, runs TEXT NOT NULL,
      saved_at INTEGER NOT NULL, PRIMARY KEY (subscription, lineage)
    ) STRICT, WITHOUT ROWID`,
  },
  { sql: `PRAGMA user_version = ${FORMAT}` },
];
const SELECT = 'SELECT lineage, server, cursor, runs FROM done WHERE subscription = ? ORDER BY saved_at DESC LIMIT ?';
/** Replaces only what this process has read or written last. A row is given where it was done. */
const UPSERT = `INSERT INTO done (subscription, lineage, server, cursor, runs, saved_at) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET server = excluded.server, cursor = excluded.cursor, runs = excluded.runs,
    saved_at = excluded.saved_at WHERE done.cursor = ? AND done.runs = ? RETURNING cursor`;
const SELECT_ONE = 'SELECT lineage, server, cursor, runs FROM done WHERE subscription = ? AND lineage = ?';
const FORGET_OLD = `DELETE FROM done WHERE subscription = ? AND lineage NOT IN
  (SELECT lineage FROM done WHERE subscription = ? ORDER BY saved_at DESC LIMIT ?)`;
const FORGET = 'DELETE FROM done WHERE subscription = ?';

interface Waiting {
  readonly entry: () => InboxEntry;
  readonly written: PromiseWithResolvers<undefined>;
}

interface SavedEntry extends InboxEntry {
  readonly subscription: string;
}

/** A row as this process knows it. */
interface KnownRow {
  readonly cursor: number;
  readonly runs: string;
  /** What another process had done; undefined where nobody else wrote. */
  readonly others: DoneState | undefined;
}

interface InboxOptions {
  readonly thread: SqliteThread;
  readonly file: string;
  readonly wallClock: () => number;
}

export class SqliteInbox implements Inbox {
  readonly #options: InboxOptions;
  /** From the first write on. */
  #database: Promise<SqliteDatabase> | undefined;
  /** By subscription and lineage. */
  readonly #known = new Map<string, KnownRow>();
  #waiting = new Map<string, Waiting>();
  readonly #loop = new WriteLoop(() => this.#write());

  /** @throws StorageError `E_STORAGE` when the file cannot be used. */
  static async open(options: InboxOptions): Promise<SqliteInbox> {
    const inbox = new SqliteInbox(options);
    const [version] = rowsAtOnce(options.file, 'PRAGMA user_version', []) ?? [];
    if (version?.['user_version'] !== FORMAT) await inbox.#opened();
    return inbox;
  }

  private constructor(options: InboxOptions) {
    this.#options = options;
  }

  async load(subscription: string): Promise<readonly InboxEntry[]> {
    const values = [subscription, LINEAGES_MAX];
    const seen = this.#database === undefined ? rowsAtOnce(this.#options.file, SELECT, values) : undefined;
    const [rows = []] = seen === undefined ? await this.#run([{ sql: SELECT, runs: [values] }]) : [seen];
    for (const row of rows) this.#note(subscription, row, undefined);
    return rows.map(entryOf);
  }

  save(subscription: string, entry: () => InboxEntry): Promise<void> {
    const waiting = this.#waiting.get(subscription) ?? { entry, written: Promise.withResolvers<undefined>() };
    this.#waiting.set(subscription, { ...waiting, entry });
    this.#loop.wake();
    return waiting.written.promise;
  }

  async forget(subscription: string): Promise<void> {
    await this.#loop.quiet();
    await this.#run([{ sql: FORGET, runs: [[subscription]] }]);
  }

  async close(): Promise<void> {
    this.#loop.wake();
    await this.#loop.quiet();
    const database = await this.#database?.catch(() => undefined);
    await database?.close();
  }

  async #write(): Promise<boolean> {
    const batch = this.#waiting;
    if (batch.size === 0) return false;
    this.#waiting = new Map();
    try {
      await this.#writeAll([...batch].map(([subscription, { entry }]) => ({ subscription, ...entry() })));
      for (const { written } of batch.values()) written.resolve(undefined);
    } catch (error) {
      for (const { written } of batch.values()) written.reject(error);
    }
    return this.#waiting.size > 0;
  }

  /** One commit; again for those that another process wrote meanwhile, joined with what it wrote. */
  async #writeAll(entries: readonly SavedEntry[]): Promise<void> {
    let left = entries;
    for (let joins = 0; joins <= JOINS_MAX; joins++) {
      const rows = left.map((entry) => this.#rowOf(entry));
      // Only a row that was not there before makes them too many.
      const names = left.filter((_, index) => rows[index]?.isNew).map(({ subscription }) => subscription);
      const answers = await this.#run([
        ...rows.map(({ values }) => ({ sql: UPSERT, runs: [values] })),
        { sql: FORGET_OLD, runs: names.map((name) => [name, name, LINEAGES_MAX]) },
      ]);
      for (const [index, { key, known }] of rows.entries())
        if (answers[index]?.length === 1) this.#known.set(key, known);
      left = left.filter((_, index) => answers[index]?.length !== 1);
      if (left.length === 0) return;
      for (const { subscription, lineage } of left) await this.#join(subscription, lineage);
    }
    throw new StorageError('E_STORAGE', `The inbox ${this.#options.file} is written by another process all the time`);
  }

  #rowOf({ subscription, lineage, server, done }: SavedEntry) {
    const key = keyOf(subscription, lineage);
    const before = this.#known.get(key);
    const { cursor, runs } = joined(done, before?.others);
    const known: KnownRow = { cursor, runs: JSON.stringify(runs), others: before?.others };
    const row = [subscription, lineage, server, cursor, known.runs, this.#options.wallClock()];
    return { key, known, isNew: before === undefined, values: [...row, before?.cursor ?? null, before?.runs ?? null] };
  }

  async #join(subscription: string, lineage: Uint8Array): Promise<void> {
    const [[row] = []] = await this.#run([{ sql: SELECT_ONE, runs: [[subscription, lineage]] }]);
    const key = keyOf(subscription, lineage);
    if (row === undefined) this.#known.delete(key);
    else this.#note(subscription, row, this.#known.get(key)?.others);
  }

  /** @param others what others had done before, as far as this process joined it. */
  #note(subscription: string, row: SqlRow, others: DoneState | undefined): void {
    const { lineage, done } = entryOf(row);
    const known = { cursor: Number(row['cursor']), runs: String(row['runs']), others: joined(done, others) };
    this.#known.set(keyOf(subscription, lineage), known);
  }

  async #run(statements: readonly SqlStatement[]): Promise<readonly (readonly SqlRow[])[]> {
    const database = await this.#opened();
    try {
      return await database.run(statements);
    } catch (error) {
      throw inboxError(this.#options.file, error);
    }
  }

  /** The database in its thread; where it could not be opened, the next one tries again. */
  #opened(): Promise<SqliteDatabase> {
    this.#database ??= openDatabase(this.#options).catch((error: unknown) => {
      this.#database = undefined;
      throw inboxError(this.#options.file, error);
    });
    return this.#database;
  }
}

async function openDatabase({ thread, file }: InboxOptions): Promise<SqliteDatabase> {
  const database = await thread.open({ file, setup: SETUP, busyTimeoutMs: BUSY_TIMEOUT_MS });
  const [[version] = []] = await database.run([{ sql: 'PRAGMA user_version' }]);
  if (Number(version?.['user_version']) > FORMAT) {
    await database.close();
    throw new StorageError('E_STORAGE', `${file} was written by a newer version`);
  }
  await database.run(CREATE);
  return database;
}

function keyOf(subscription: string, lineage: Uint8Array): string {
  return `${subscription}\0${toHex(lineage)}`;
}

/** What is done by either. */
function joined(done: DoneState, others: DoneState | undefined): DoneState {
  if (others === undefined) return done;
  const set = new DoneSet(done);
  set.merge(others);
  return set.state();
}

function entryOf(row: SqlRow): InboxEntry {
  const lineage = row['lineage'];
  return {
    lineage: lineage instanceof Uint8Array ? lineage : new Uint8Array(0),
    server: String(row['server']),
    done: { cursor: Number(row['cursor']), runs: runsOf(String(row['runs'])) },
  };
}

/** Damaged runs count as none (fault S5): what was done beyond the cursor is done again, and nothing is left out. */
function runsOf(text: string): readonly Run[] {
  try {
    const runs: unknown = JSON.parse(text);
    return Array.isArray(runs) && runs.every(isRun) && areAscending(runs) ? runs : [];
  } catch {
    return [];
  }
}

function isRun(run: unknown): run is Run {
  if (!Array.isArray(run) || run.length !== 2) return false;
  const [from, to] = run as unknown[];
  return Number.isSafeInteger(from) && Number.isSafeInteger(to) && Number(from) <= Number(to);
}

function areAscending(runs: readonly Run[]): boolean {
  return runs.every(([from], index) => from > (runs[index - 1]?.[1] ?? Number.NEGATIVE_INFINITY));
}

function inboxError(file: string, error: unknown): Error {
  if (!(error instanceof SqlError)) return error instanceof Error ? error : new Error(String(error));
  return new StorageError('E_STORAGE', `The inbox ${file} cannot be used: ${error.message}`, { cause: error });
}
