/**
 * Lanes: the outboxes of one data directory. Each file is held by one process at a time, and its lock ends with that
 * process. A process takes the first lane that is free, or makes one; lanes that others left with events in them are
 * taken over, sent and given up.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { toBase64Url } from '@sealane/shared/bytes';
import { StorageError } from '@sealane/shared/errors';
import { openPrivateDirectory } from '@sealane/node/keys';
import { systemRandom } from '@sealane/node/transport';
import type { OutboxLimits } from './outbox.ts';
import { SqliteOutbox } from './sqlite-outbox.ts';
import { SQLITE, SqlError, type SqliteThread } from './sqlite-thread.ts';

/** Name of the folder in a data directory. */
const OUTBOX_FOLDER = 'outbox';
const LANE_FILE = /^lane-(\d{1,6})\.sqlite$/;
/** Lanes of one data directory: as many processes may publish at once, and as many outboxes a server knows of one agent. */
const LANES_MAX = 64;

export interface LanesOptions {
  readonly dataDir: string;
  readonly thread: SqliteThread;
  readonly wallClock: () => number;
  readonly limits?: OutboxLimits | undefined;
  readonly onIncident: (message: string, error?: unknown) => void;
}

export class Lanes {
  readonly #options: LanesOptions;
  readonly #folder: string;
  /** Files that this process holds. */
  readonly #held = new Set<string>();
  /** Files that were empty, and how they looked then: nobody needs to open them again before that changes. */
  readonly #empty = new Map<string, string>();

  constructor(options: LanesOptions) {
    this.#options = options;
    this.#folder = join(options.dataDir, OUTBOX_FOLDER);
  }

  /** Whether anybody ever published from this data directory. */
  get exist(): boolean {
    return existsSync(this.#folder);
  }

  /** The first lane that nobody holds. @throws StorageError, ConfigError when the directory cannot be used. */
  async take(): Promise<SqliteOutbox> {
    openPrivateDirectory(this.#options.dataDir);
    openPrivateDirectory(this.#folder);
    const numbers = this.#numbers();
    const next = (numbers.at(-1) ?? 0) + 1;
    for (const number of [...numbers, ...Array.from({ length: LANES_MAX }, (_, index) => next + index)]) {
      const lane = await this.#open(number);
      if (lane !== undefined) return lane;
    }
    throw new StorageError('E_STORAGE', `All lanes of the outbox ${this.#folder} are in use`);
  }

  /** Lanes with events that nobody holds. */
  async takeLeft(): Promise<readonly SqliteOutbox[]> {
    const left: SqliteOutbox[] = [];
    for (const number of this.#numbers()) {
      const file = this.#file(number);
      if (this.#empty.get(file) === stampOf(file)) continue;
      const lane = await this.#open(number);
      if (lane === undefined) continue;
      if (lane.waiting.events > 0) left.push(lane);
      else await this.release(lane);
    }
    return left;
  }

  /** Gives a lane up for others. */
  async release(lane: SqliteOutbox): Promise<void> {
    const isEmpty = lane.waiting.events === 0;
    await lane.close();
    if (isEmpty) this.#empty.set(lane.file, stampOf(lane.file));
    this.#held.delete(lane.file);
  }

  #file(number: number): string {
    return join(this.#folder, `lane-${number}.sqlite`);
  }

  #numbers(): number[] {
    if (!this.exist) return [];
    const numbers = readdirSync(this.#folder).flatMap((name) => {
      const match = LANE_FILE.exec(name);
      return match === null ? [] : [Number(match[1])];
    });
    return numbers.sort((left, right) => left - right).slice(0, LANES_MAX);
  }

  /** @returns undefined when another process holds it, or it is damaged: then it is left as it is, and told. */
  async #open(number: number): Promise<SqliteOutbox | undefined> {
    const file = this.#file(number);
    if (this.#held.has(file)) return undefined;
    this.#held.add(file);
    const { thread, wallClock, limits, onIncident } = this.#options;
    try {
      return await SqliteOutbox.open({
        thread,
        file,
        newProducerId,
        leaveOut,
        wallClock,
        onIncident,
        ...(limits !== undefined && { limits }),
      });
    } catch (error) {
      this.#held.delete(file);
      if (error instanceof SqlError && error.sqlCode === SQLITE.busy) return undefined;
      if (!isDamage(error)) throw storageError(file, error);
      onIncident(`the outbox ${file} cannot be used and is left as it is`, error);
      return undefined;
    }
  }
}

/** A name that no other outbox has: 96 random bits. */
export function newProducerId(): string {
  return toBase64Url(systemRandom(12));
}

/** Fewer than 2^24: a million openings stay far below the highest number there is. */
function leaveOut(): number {
  const [low = 0, middle = 0, high = 0] = systemRandom(3);
  return low + middle * 2 ** 8 + high * 2 ** 16;
}

/** Changes whenever somebody writes to a lane. */
function stampOf(file: string): string {
  const stamps = [file, `${file}-wal`].map((path) => statSync(path, { throwIfNoEntry: false }));
  return stamps.map((stats) => (stats === undefined ? '-' : `${stats.mtimeMs}/${stats.size}`)).join(' ');
}

function isDamage(error: unknown): boolean {
  if (error instanceof StorageError) return true;
  return error instanceof SqlError && (error.sqlCode === SQLITE.corrupt || error.sqlCode === SQLITE.notADatabase);
}

function storageError(file: string, error: unknown): StorageError {
  const message = error instanceof Error ? error.message : String(error);
  return new StorageError('E_STORAGE', `The outbox ${file} cannot be opened: ${message}`, { cause: error });
}
