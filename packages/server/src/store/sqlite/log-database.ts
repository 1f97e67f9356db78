/**
 * LogDatabase: the store file, as the worker sees it: commits, and checkpoints of SQLite's write-ahead log between them.
 * A commit is on the disk when `commit` returns (WAL, synchronous=FULL). Ends in doubt are ends for good.
 */
import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Compaction, LogBatch, NewDeadLetter } from '../log/log-device.ts';
import { faultOf, StoreFault } from './fault.ts';
import { openStoreFile } from './open-file.ts';
import { unpackRows } from './packed-rows.ts';
import type { CommitReply, OpenedFile, PackedCommit } from './protocol.ts';
import { RecordRows } from './record-rows.ts';
import { prepareStatements, type Statements } from './statements.ts';
import { readMeta, writeMeta, type StoreMeta } from './store-meta.ts';

/** Bytes of commits after which the write-ahead log is taken into the file. */
const CHECKPOINT_BYTES = 33_554_432;
/** What a commit writes beside its rows, at least. */
const COMMIT_OVERHEAD_BYTES = 32_768;
/** Free space is looked at after this many bytes, or this long. */
const SPACE_CHECK_BYTES = 8_388_608;
const SPACE_CHECK_MS = 500;

export class LogDatabase {
  readonly file: string;
  readonly database: DatabaseSync;
  readonly statements: Statements;
  readonly records: RecordRows;
  readonly migratedFrom: string | undefined;
  #meta: StoreMeta;
  #deadLetters: number;
  /** Commits that found no room, or that came after one that did. */
  readonly #waiting = new Map<number, PackedCommit>();
  #lastCommit = 0;
  #failure: StoreFault | undefined;
  #bytesSinceCheckpoint = 0;
  #bytesSinceSpaceCheck = Number.POSITIVE_INFINITY;
  #spaceCheckAt = 0;
  #freeBytes = 0;
  #bytes = 0;
  /** Nothing is trimmed while a backup copies the log. */
  isTrimHeld = false;
  #heldTrims: number[] = [];

  /** @throws StoreFault, or what SQLite says. */
  constructor(file: string) {
    const { database, migratedFrom } = openStoreFile(file);
    this.file = file;
    this.database = database;
    this.migratedFrom = migratedFrom;
    this.statements = prepareStatements(database);
    this.records = new RecordRows(this.statements);
    this.#meta = readMeta(database);
    this.#deadLetters = Number(this.statements.countDeadLetters.get()?.['count']);
    this.#checkSpace();
  }

  get opened(): OpenedFile {
    const { migratedFrom } = this;
    const found = { deadLetters: this.#deadLetters, bytes: this.#bytes, freeDiskBytes: this.#freeBytes };
    return { ...this.#meta, ...found, migratedFrom };
  }

  get meta(): StoreMeta {
    return this.#meta;
  }

  /** Whether the write-ahead log has grown enough to be taken into the file. */
  get isCheckpointDue(): boolean {
    return this.#bytesSinceCheckpoint >= CHECKPOINT_BYTES;
  }

  /** @throws StoreFault, or what SQLite says; nothing of the commit happened then, or its outcome is in doubt. */
  commit(commit: PackedCommit): CommitReply {
    this.#waiting.set(commit.number, commit);
    return this.retry(commit.number);
  }

  /** Does a commit that was handed in. */
  retry(number: number): CommitReply {
    if (this.#failure !== undefined) throw this.#failure;
    const commit = this.#waiting.get(number);
    if (commit === undefined || number !== this.#lastCommit + 1) {
      throw new StoreFault('full', 'a commit before this one waits for room');
    }
    const start = performance.now();
    try {
      this.#transaction(() => this.#apply(commit));
    } catch (error) {
      // What is in the write-ahead log may have room in the file, and so make room in the log.
      this.#bytesSinceCheckpoint = CHECKPOINT_BYTES;
      throw error;
    }
    if (!this.isTrimHeld) this.#heldTrims = [];
    this.#waiting.delete(number);
    this.#lastCommit = number;
    return this.#replyTo(commit, (performance.now() - start) / 1_000);
  }

  /** Takes the write-ahead log into the file. @throws StoreFault when the outcome is in doubt. */
  checkpoint(): void {
    this.#bytesSinceCheckpoint = 0;
    try {
      this.database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch (error) {
      // The log goes on growing where it is, until there is room.
      if (faultOf(error).kind !== 'full') throw this.fail(error);
    }
  }

  /** @returns false while a backup copies the log. */
  compact(compactions: readonly Compaction[]): boolean {
    if (this.isTrimHeld) return false;
    this.#transaction(() => {
      for (const compaction of compactions) this.records.compact(compaction);
    });
    this.records.forget();
    this.#bytesSinceCheckpoint += compactions.length * COMMIT_OVERHEAD_BYTES;
    return true;
  }

  purge(ids: readonly string[] | undefined): number {
    let count = 0;
    this.#transaction(() => {
      if (ids === undefined) count = Number(this.statements.purgeDeadLetters.run().changes);
      for (const id of ids ?? []) count += Number(this.statements.removeDeadLetter.run(id).changes);
    });
    this.#deadLetters -= count;
    return count;
  }

  freeDiskBytes(): number {
    this.#checkSpace();
    return this.#freeBytes;
  }

  /** Batches that should have been trimmed meanwhile are, with the next commit. */
  releaseTrims(): void {
    this.isTrimHeld = false;
  }

  /** Nothing is written any more. */
  fail(error: unknown): StoreFault {
    const { message } = faultOf(error);
    this.#failure ??= new StoreFault('failed', message);
    return this.#failure;
  }

  close(): void {
    if (this.#failure === undefined && this.#waiting.size === 0) this.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.database.close();
  }

  #transaction(work: () => void): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      this.database.exec('BEGIN IMMEDIATE');
      work();
      this.database.exec('COMMIT');
    } catch (error) {
      if (faultOf(error).kind !== 'full') throw this.fail(error);
      this.#rollBack();
      throw error;
    }
  }

  #rollBack(): void {
    try {
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
    } catch (error) {
      throw this.fail(error);
    }
  }

  #apply(commit: PackedCommit): void {
    const { statements } = this;
    for (const { position, head, records } of commit.batches) {
      statements.addBatch.run(position, records.length, head, records);
    }
    const { numbers } = commit.rows;
    unpackRows(commit.rows, 3, (at, data) => {
      statements.saveState.run(numbers[at] ?? 0, numbers[at + 1] ?? 0, numbers[at + 2] ?? 0, data);
    });
    for (const { kind, id, part } of commit.removals) {
      if (part === undefined) statements.removeParts.run(kind, id);
      else statements.removePart.run(kind, id, part);
    }
    if (commit.mark !== undefined) writeMeta(this.database, { ...this.#meta, mark: commit.mark });
    for (const letter of commit.deadLetters) this.#addDeadLetter(letter, commit.batches);
    for (const id of commit.redriven) statements.removeDeadLetter.run(id);
    this.#applyAccounts(commit);
    this.#trim(commit.trimmed);
  }

  #applyAccounts({ usage, usageFrom, lastSeen, forgotten }: PackedCommit): void {
    const { statements } = this;
    for (const row of usage) {
      const { hour, agentId, connections, onlineMs, eventsIn, eventsOut, bytesIn, bytesOut, errors } = row;
      statements.addUsage.run(hour, agentId, connections, onlineMs, eventsIn, eventsOut, bytesIn, bytesOut, errors);
    }
    if (usageFrom > 0) statements.dropUsage.run(usageFrom);
    for (const { agentId, at } of lastSeen) statements.setLastSeen.run(agentId, at);
    for (const agentId of forgotten) {
      statements.forgetAgent.run(agentId);
      statements.forgetUsage.run(agentId);
    }
  }

  #addDeadLetter({ position, bytes, ...letter }: NewDeadLetter, batches: readonly LogBatch[]): void {
    const { id, queueId, ...about } = letter;
    const record = recordIn(batches, position, bytes) ?? this.records.read(position, bytes);
    this.statements.addDeadLetter.run(id, queueId, JSON.stringify(about), record);
  }

  #trim(positions: readonly number[]): void {
    if (this.isTrimHeld) {
      this.#heldTrims.push(...positions);
      return;
    }
    for (const position of positions) this.statements.trimBatch.run(position);
    for (const position of this.#heldTrims) this.statements.trimBatch.run(position);
  }

  #replyTo(commit: PackedCommit, seconds: number): CommitReply {
    if (commit.mark !== undefined) this.#meta = { ...this.#meta, mark: commit.mark };
    if (commit.deadLetters.length > 0 || commit.redriven.length > 0) {
      this.#deadLetters = Number(this.statements.countDeadLetters.get()?.['count']);
    }
    let bytes = COMMIT_OVERHEAD_BYTES;
    for (const { head, records } of commit.batches) bytes += head.length + records.length;
    bytes += commit.rows.bytes.length;
    this.#bytesSinceCheckpoint += bytes;
    this.#bytesSinceSpaceCheck += bytes;
    const isLookDue = this.#bytesSinceSpaceCheck > SPACE_CHECK_BYTES || performance.now() > this.#spaceCheckAt;
    if (isLookDue) this.#checkSpace();
    const { batches } = commit;
    return { batches, bytes: this.#bytes, freeDiskBytes: this.#freeBytes, deadLetters: this.#deadLetters, seconds };
  }

  #checkSpace(): void {
    const { bavail, bsize } = statfsSync(dirname(this.file));
    this.#freeBytes = bavail * bsize;
    this.#bytes = sizeOf(this.file) + sizeOf(`${this.file}-wal`);
    this.#bytesSinceSpaceCheck = 0;
    this.#spaceCheckAt = performance.now() + SPACE_CHECK_MS;
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** A record that this commit writes itself. */
function recordIn(batches: readonly LogBatch[], position: number, bytes: number): Uint8Array | undefined {
  for (const batch of batches) {
    const offset = position - batch.position;
    if (offset >= 0 && offset + bytes <= batch.records.length) return batch.records.subarray(offset, offset + bytes);
  }
  return undefined;
}
