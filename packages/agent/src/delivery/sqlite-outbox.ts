/**
 * SqliteOutbox: a lane, an outbox in one SQLite file (docs/protocols/delivery.md §3). Events of one turn share a commit;
 * while one is under way, the next ones gather. A disk that is full refuses events; one that fails ends the lane.
 */
import { ProtocolError, StorageError, type SealaneError } from '@sealane/shared/errors';
import { contentHash } from './content-hash.ts';
import { DiskFloor } from './disk-floor.ts';
import {
  DEFAULT_OUTBOX_LIMITS,
  EVENT_ID_MS,
  eventBytes,
  type Added,
  type Moved,
  type Outbox,
  type OutboxLimits,
  type OutgoingEvent,
  type QueuedEvent,
  type ReadLimits,
} from './outbox.ts';
import * as sql from './outbox-statements.ts';
import { PendingWrites, addedOnce, batchStatements, type WriteBatch } from './pending-writes.ts';
import type { Receipt } from './receipt.ts';
import {
  SQLITE,
  SqlError,
  type SqlRow,
  type SqlStatement,
  type SqliteDatabase,
  type SqliteThread,
} from './sqlite-thread.ts';
import { WriteLoop } from './write-loop.ts';

/** What a lane is opened with. */
export interface LaneOptions {
  readonly thread: SqliteThread;
  readonly file: string;
  /** Name for a new lane, 16 characters of base64url. */
  readonly newProducerId: () => string;
  /**
   * How many numbers a lane that is opened empty leaves out: at random, so that copies of a data directory, each of which
   * goes on where the other did, do not give one number to two events. Default none.
   */
  readonly leaveOut?: () => number;
  /** Wall clock in ms, for the age of ids. */
  readonly wallClock: () => number;
  readonly limits?: OutboxLimits;
  /** Something that an operator has to know: damaged events, a disk that failed. */
  readonly onIncident: (message: string, error?: unknown) => void;
}

/** How long a settled event may stay in the file: after a crash it is sent again, and absorbed. */
const SETTLE_WITHIN_MS = 50;
/** Before another attempt on a full disk, and between two clean-ups of old ids. */
const FULL_DISK_RETRY_MS = 1_000;
const FORGET_IDS_MS = 600_000;

export class SqliteOutbox implements Outbox {
  readonly producerId: string;
  readonly file: string;
  readonly #options: LaneOptions;
  readonly #limits: OutboxLimits;
  readonly #database: SqliteDatabase;
  readonly #pending = new PendingWrites();
  readonly #loop = new WriteLoop(() => this.#write());
  #lastNumber: number;
  /** Numbers up to this one are in the file, or were. */
  #writtenNumber: number;
  #sentNumber: number;
  #settledNumber: number;
  #events: number;
  #bytes: number;
  #sending = false;
  readonly #disk: DiskFloor;
  #settleTimer: NodeJS.Timeout | undefined;
  #idsForgottenAt = 0;
  #failure: SealaneError | undefined;

  /**
   * Opens or makes a lane, and holds it until `close`.
   *
   * @throws SqlError `SQLITE.busy` when another process holds it; StorageError `E_STORAGE` when it cannot be used.
   */
  static async open(options: LaneOptions): Promise<SqliteOutbox> {
    const { thread, file, newProducerId } = options;
    const database = await thread.open({ file, setup: sql.LANE_SETUP, busyTimeoutMs: 0 });
    try {
      const [[version] = []] = await database.run([{ sql: 'PRAGMA user_version' }]);
      if (Number(version?.['user_version']) > sql.LANE_FORMAT)
        throw new StorageError('E_STORAGE', `${file} was written by a newer version`);
      await database.run(sql.createLane(newProducerId()));
      const [[lane] = [], [waiting] = []] = await database.run(sql.READ_LANE);
      return new SqliteOutbox(options, database, { ...lane, ...waiting });
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  private constructor(options: LaneOptions, database: SqliteDatabase, row: SqlRow) {
    this.#options = options;
    this.#limits = options.limits ?? DEFAULT_OUTBOX_LIMITS;
    this.#database = database;
    this.#disk = new DiskFloor(options.file, this.#limits.freeDiskBytesMin);
    this.file = options.file;
    this.producerId = String(row['producer_id']);
    const isUsedAgain = Number(row['last_number']) > 0 && Number(row['events']) === 0;
    this.#lastNumber = Number(row['last_number']) + (isUsedAgain ? (options.leaveOut?.() ?? 0) : 0);
    this.#writtenNumber = this.#lastNumber;
    this.#sentNumber = Number(row['sent_number']);
    this.#events = Number(row['events']);
    this.#bytes = Number(row['bytes']);
    this.#settledNumber = this.#below(row);
  }

  get lastNumber(): number {
    return this.#lastNumber;
  }

  get sentNumber(): number {
    return this.#sentNumber;
  }

  get settledNumber(): number {
    return this.#settledNumber;
  }

  get waiting(): { readonly events: number; readonly bytes: number } {
    return { events: this.#events, bytes: this.#bytes };
  }

  add(event: OutgoingEvent): { readonly number: number; readonly added: Promise<Added> } {
    const bytes = eventBytes(event);
    this.#checkRoom(bytes);
    const queued = { ...event, number: ++this.#lastNumber };
    this.#events += 1;
    this.#bytes += bytes;
    const added = this.#pending.add(queued, event.eventId === null ? undefined : contentHash(event));
    this.#loop.wake();
    return { number: queued.number, added };
  }

  async read(after: number, { eventsMax, bytesMax }: ReadLimits): Promise<readonly QueuedEvent[]> {
    const [rows = []] = await this.#run([{ sql: sql.SELECT_EVENTS, runs: [[after, eventsMax]] }]);
    const events: QueuedEvent[] = [];
    let bytes = 0;
    for (const row of rows) {
      const { event, intact } = sql.eventOf(row);
      if (!intact) {
        this.#dropDamaged(event);
        continue;
      }
      bytes += eventBytes(event);
      if (events.length > 0 && bytes > bytesMax) break;
      events.push(event);
    }
    return events;
  }

  async useSending(sending: boolean): Promise<void> {
    this.#sending = sending;
    if (!sending) return;
    await this.#loop.quiet();
    if (this.#sentNumber === this.#lastNumber) return;
    const last = this.#lastNumber;
    await this.#run([{ sql: sql.UPDATE_LANE, runs: [[last, last]] }]);
    this.#sentNumber = Math.max(this.#sentNumber, last);
  }

  settle(event: QueuedEvent, receipt: Receipt | undefined): void {
    this.#events -= 1;
    this.#bytes -= eventBytes(event);
    this.#pending.settle({ event, receipt });
    this.#settleSoon();
  }

  async receiptOf(eventId: string): Promise<Receipt | undefined> {
    await this.#writeDown();
    const [[row] = []] = await this.#run([{ sql: sql.SELECT_ID, runs: [[eventId]] }]);
    return row === undefined ? undefined : sql.receiptOf(row);
  }

  async moveAbove(number: number): Promise<Moved> {
    await this.#writeDown();
    const moved = {
      first: this.#sentNumber,
      last: this.#lastNumber,
      by: Math.max(number, this.#lastNumber) - this.#sentNumber,
    };
    this.#lastNumber += moved.by;
    this.#writtenNumber = this.#lastNumber;
    await this.#run([
      ...sql.moveUnsent(moved.first, moved.by),
      { sql: sql.UPDATE_LANE, runs: [[this.#lastNumber, this.#sentNumber]] },
    ]);
    return moved;
  }

  async close(): Promise<void> {
    await this.#writeDown();
    this.#failure ??= new ProtocolError('E_CLOSED', 'the outbox is closed');
    await this.#database.close();
  }

  /** @throws ProtocolError `E_CLOSED` when it was closed meanwhile, StorageError `E_STORAGE` that names the file. */
  async #run(statements: readonly SqlStatement[]): Promise<readonly (readonly SqlRow[])[]> {
    try {
      return await this.#database.run(statements);
    } catch (error) {
      throw this.#failure ?? laneError(this.#options.file, error);
    }
  }

  #checkRoom(bytes: number): void {
    if (this.#failure !== undefined) throw this.#failure;
    const { eventsMax, bytesMax } = this.#limits;
    if (this.#disk.isLow) throw new ProtocolError('E_OUTBOX_FULL', 'The disk of the outbox has too little free space');
    if (this.#events >= eventsMax || this.#bytes + bytes > bytesMax) throw new ProtocolError('E_OUTBOX_FULL');
    if (this.#pending.isFull) throw new ProtocolError('E_BUSY', 'too many events wait for the disk');
  }

  #settleSoon(): void {
    if (this.#pending.settlesMany) this.#loop.wake();
    else this.#settleTimer ??= setTimeout(() => this.#loop.wake(), SETTLE_WITHIN_MS).unref();
  }

  async #writeDown(): Promise<void> {
    this.#loop.wake();
    await this.#loop.quiet();
  }

  /** One transaction. @returns whether more waits. */
  async #write(): Promise<boolean> {
    clearTimeout(this.#settleTimer);
    this.#settleTimer = undefined;
    if (this.#failure !== undefined || this.#pending.isEmpty) return false;
    const batch = this.#pending.take();
    try {
      await this.#commit(batch);
    } catch (error) {
      this.#onCommitFailed(batch, error);
      return false;
    }
    return !this.#pending.isEmpty;
  }

  async #commit(batch: WriteBatch): Promise<void> {
    const { statements, idIndex } = batchStatements(batch, this.#options.wallClock());
    const written = batch.adds.at(-1)?.event.number ?? this.#writtenNumber;
    const sent = this.#sending ? written : this.#sentNumber;
    const results = await this.#database.run([
      ...statements,
      { sql: sql.UPDATE_LANE, runs: [[written, sent]] },
      { sql: sql.SELECT_FIRST },
      ...this.#upkeep(),
    ]);
    this.#writtenNumber = Math.max(this.#writtenNumber, written);
    this.#sentNumber = Math.max(this.#sentNumber, sent);
    this.#settledNumber = this.#below(results[statements.length + 1]?.[0]);
    for (const add of batch.adds) {
      const added = addedOnce(add, results[idIndex.get(add) ?? -1]?.[0]);
      if (added.kind !== 'stored') this.#forget(add.event);
      add.resolve(added);
    }
  }

  /** A full disk refuses what came; anything else ends the lane, because nobody knows what is on the disk. */
  #onCommitFailed({ adds, settles }: WriteBatch, error: unknown): void {
    for (const { event } of adds) this.#forget(event);
    if (error instanceof SqlError && error.sqlCode === SQLITE.full) {
      const full = new ProtocolError('E_OUTBOX_FULL', 'The disk of the outbox is full', { cause: error });
      for (const { reject } of adds) reject(full);
      this.#pending.takeBack(settles);
      this.#settleTimer = setTimeout(() => this.#loop.wake(), FULL_DISK_RETRY_MS).unref();
      return;
    }
    const failure = laneError(this.#options.file, error);
    this.#failure = failure;
    for (const { reject } of adds) reject(failure);
    this.#pending.refuseAll(failure);
    this.#options.onIncident('an outbox cannot be written any more', failure);
  }

  /** Old ids, and pages that an emptied lane does not need. */
  #upkeep(): readonly SqlStatement[] {
    const statements: SqlStatement[] = this.#events === 0 ? [{ sql: sql.SHRINK }] : [];
    const now = this.#options.wallClock();
    if (Math.abs(now - this.#idsForgottenAt) < FORGET_IDS_MS) return statements;
    this.#idsForgottenAt = now;
    return [...statements, { sql: sql.FORGET_OLD_IDS, runs: [[now - EVENT_ID_MS, now + EVENT_ID_MS]] }];
  }

  #forget(event: QueuedEvent): void {
    this.#events -= 1;
    this.#bytes -= eventBytes(event);
  }

  #dropDamaged(event: QueuedEvent): void {
    this.settle(event, undefined);
    this.#options.onIncident(`event ${event.number} in ${this.#options.file} is damaged and was taken out`);
  }

  /** @param row with the first number that waits. */
  #below(row: SqlRow | undefined): number {
    const first = row?.['first'];
    return typeof first === 'number' ? first - 1 : this.#writtenNumber;
  }
}

function laneError(file: string, error: unknown): StorageError {
  const message = error instanceof Error ? error.message : String(error);
  return new StorageError('E_STORAGE', `The outbox ${file} cannot be used: ${message}`, { cause: error });
}
