/** CommitGroup: what one commit is going to do, and who waits for it. */
import type { Queue } from '../state/queue.ts';
import type { UsageRow } from '../store.ts';
import type { LastSeen, LogBatch, NewDeadLetter } from './log-device.ts';

/** What is committed beside steps and records. */
export interface SideWork {
  readonly deadLetters: NewDeadLetter[];
  readonly redriven: string[];
  readonly usage: UsageRow[];
  readonly lastSeen: LastSeen[];
  readonly forgotten: string[];
  usageFrom: number;
}

export class CommitGroup {
  readonly number: number;
  readonly batches: LogBatch[] = [];
  readonly touched: Queue[] = [];
  readonly side: SideWork = { deadLetters: [], redriven: [], usage: [], lastSeen: [], forgotten: [], usageFrom: 0 };
  readonly #committed = Promise.withResolvers<undefined>();
  /** Resolves as well when the commit has to wait for room: false then. */
  readonly #answered = Promise.withResolvers<boolean>();
  /** Of each touched queue, the last sequence in this group. */
  visibleTo: number[] = [];
  isWanted = false;

  constructor(number: number) {
    this.number = number;
    this.#committed.promise.catch(() => undefined);
    this.#answered.promise.catch(() => undefined);
  }

  get committed(): Promise<undefined> {
    return this.#committed.promise;
  }

  get answered(): Promise<boolean> {
    return this.#answered.promise;
  }

  resolve(): void {
    this.#committed.resolve(undefined);
    this.#answered.resolve(true);
  }

  delay(): void {
    this.#answered.resolve(false);
  }

  reject(error: Error): void {
    this.#committed.reject(error);
    this.#answered.reject(error);
  }
}

/** Whether anything is to be committed beside steps and records. */
export function hasSideWork(side: SideWork): boolean {
  const lists = [side.deadLetters, side.redriven, side.usage, side.lastSeen, side.forgotten];
  return side.usageFrom > 0 || lists.some(({ length }) => length > 0);
}
