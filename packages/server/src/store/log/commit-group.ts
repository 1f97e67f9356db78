/** CommitGroup: what one commit is going to do, and who waits for it. */
import type { Queue } from '../state/queue.ts';
import type { UsageRow } from '../store.ts';
import type { Commit, LogBatch, NewDeadLetter } from './log-device.ts';

/** What is committed beside steps and records. */
export interface SideWork {
  readonly deadLetters: NewDeadLetter[];
  readonly redriven: string[];
  /** By hour and agent. */
  readonly usage: Map<string, UsageRow>;
  /** By agent. */
  readonly lastSeen: Map<string, number>;
  readonly forgotten: string[];
  usageFrom: number;
}

export class CommitGroup {
  readonly number: number;
  readonly batches: LogBatch[] = [];
  readonly touched: Queue[] = [];
  readonly side: SideWork = {
    deadLetters: [],
    redriven: [],
    usage: new Map(),
    lastSeen: new Map(),
    forgotten: [],
    usageFrom: 0,
  };
  readonly #committed = Promise.withResolvers<undefined>();
  /** Resolves as well when the commit has to wait for room: false then. */
  #answered = Promise.withResolvers<boolean>();
  #isDelayed = false;
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
    this.#isDelayed = true;
    this.#answered.resolve(false);
  }

  /** There is room again: who asks from now on hears how the commit goes. */
  resume(): void {
    if (!this.#isDelayed) return;
    this.#isDelayed = false;
    this.#answered = Promise.withResolvers<boolean>();
    this.#answered.promise.catch(() => undefined);
  }

  reject(error: Error): void {
    this.#committed.reject(error);
    this.#answered.reject(error);
  }
}

/** Usage is to be committed: added up, since a disk may be full for days. */
export function addUsage({ usage }: SideWork, rows: readonly UsageRow[]): void {
  for (const row of rows) {
    const key = `${row.hour} ${row.agentId}`;
    const sum = usage.get(key);
    usage.set(key, sum === undefined ? row : sumOf(sum, row));
  }
}

/** The lists that a commit takes. */
export function listsOf(side: SideWork): Pick<Commit, keyof SideWork> {
  const lastSeen = Array.from(side.lastSeen, ([agentId, at]) => ({ agentId, at }));
  return { ...side, usage: [...side.usage.values()], lastSeen };
}

function sumOf(one: UsageRow, other: UsageRow): UsageRow {
  return {
    agentId: one.agentId,
    hour: one.hour,
    connections: one.connections + other.connections,
    onlineMs: one.onlineMs + other.onlineMs,
    eventsIn: one.eventsIn + other.eventsIn,
    eventsOut: one.eventsOut + other.eventsOut,
    bytesIn: one.bytesIn + other.bytesIn,
    bytesOut: one.bytesOut + other.bytesOut,
    errors: one.errors + other.errors,
  };
}

/** Whether anything is to be committed beside steps and records. */
export function hasSideWork(side: SideWork): boolean {
  const { deadLetters, redriven, usage, lastSeen, forgotten, usageFrom } = side;
  const count = deadLetters.length + redriven.length + usage.size + lastSeen.size + forgotten.length;
  return usageFrom > 0 || count > 0;
}
