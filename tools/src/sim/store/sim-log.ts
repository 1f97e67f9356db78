/**
 * SimLog: the device of a store on a disk that takes its time, is full, or fails. What a commit was about to write is lost
 * when the process ends before it is done; whether one that failed is on the disk, nobody knows.
 */
import {
  CommitError,
  MemoryLog,
  type Commit,
  type CommitResult,
  type LogDevice,
  type OpenedLog,
} from '@sealane/server/testing';
import type { MemoryDisk, StoreEnvironment } from '@sealane/server/store';

/** How the disk is at present. */
export interface DiskManners {
  /** How long the next commit takes. */
  delayMs(): number;
  /** What becomes of it. A commit that failed may have been `written` all the same. */
  outcome(): 'written' | 'full' | 'failed' | 'failed-written';
}

export class SimLog implements LogDevice {
  readonly kind = 'memory';
  readonly #log: MemoryLog;
  readonly #environment: StoreEnvironment;
  readonly #manners: DiskManners;
  #last: Promise<unknown> = Promise.resolve();
  /** The commit that has to come before all others, because it did not happen. */
  #missing: number | undefined;
  #isBroken = false;
  #isGone = false;

  constructor(disk: MemoryDisk, environment: StoreEnvironment, manners: DiskManners) {
    this.#log = new MemoryLog(disk, environment);
    this.#environment = environment;
    this.#manners = manners;
  }

  open(): Promise<OpenedLog> {
    return this.#log.open();
  }

  onLoaded(): void {
    this.#log.onLoaded();
  }

  async close(): Promise<void> {
    await this.#last.catch(() => undefined);
    await this.#log.close();
  }

  /** Nothing is written any more. */
  crash(): void {
    this.#isGone = true;
    this.#log.crash();
  }

  commit(commit: Commit): Promise<CommitResult> {
    const before = this.#last;
    const done = this.#commitAfter(before, commit);
    this.#last = done.catch(() => undefined);
    return done;
  }

  states(): ReturnType<LogDevice['states']> {
    return this.#log.states();
  }

  batchSizes(): ReturnType<LogDevice['batchSizes']> {
    return this.#log.batchSizes();
  }

  heads(replayFrom: number): ReturnType<LogDevice['heads']> {
    return this.#log.heads(replayFrom);
  }

  async readRecords(places: Parameters<LogDevice['readRecords']>[0]): Promise<readonly Uint8Array[]> {
    await this.#pass();
    return await this.#log.readRecords(places);
  }

  compact(): Promise<boolean> {
    return this.#log.compact();
  }

  freeDiskBytes(): Promise<number | undefined> {
    return this.#log.freeDiskBytes();
  }

  deadLetters(request: Parameters<LogDevice['deadLetters']>[0]): ReturnType<LogDevice['deadLetters']> {
    return this.#log.deadLetters(request);
  }

  deadLetter(id: string): ReturnType<LogDevice['deadLetter']> {
    return this.#log.deadLetter(id);
  }

  purgeDeadLetters(ids: readonly string[] | undefined): Promise<number> {
    return this.#log.purgeDeadLetters(ids);
  }

  usage(request: Parameters<LogDevice['usage']>[0]): ReturnType<LogDevice['usage']> {
    return this.#log.usage(request);
  }

  lastSeen(agentId: string): Promise<number | undefined> {
    return this.#log.lastSeen(agentId);
  }

  backup(): Promise<void> {
    return this.#log.backup();
  }

  async #commitAfter(before: Promise<unknown>, commit: Commit): Promise<CommitResult> {
    await before;
    await this.#pass();
    const outcome = this.#isBroken ? 'failed' : this.#manners.outcome();
    // After one that found no room none succeeds before it was tried again.
    if (outcome === 'full' || (this.#missing !== undefined && this.#missing !== commit.number)) {
      this.#missing ??= commit.number;
      throw new CommitError('full', 'the disk is full');
    }
    this.#missing = undefined;
    if (outcome === 'written') return await this.#log.commit(commit);
    this.#isBroken = true;
    if (outcome === 'failed-written') await this.#log.commit(commit);
    throw new CommitError('failed', 'the disk failed');
  }

  /** Takes the time of one operation; never ends once the process is gone. */
  #pass(): Promise<void> {
    return new Promise((resolve) => {
      this.#environment.schedule(this.#manners.delayMs(), () => {
        if (!this.#isGone) resolve();
      });
    });
  }
}
