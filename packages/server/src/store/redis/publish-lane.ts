/**
 * PublishLane: events on their way to Redis, in order. One that waits too long is refused, which means "unknown": it may
 * still have been stored, and the retry of its producer, with the same number or id, is absorbed then (rule 5).
 */
import { monotonicNow } from '@sealane/node/transport';
import type { Durability, NewEvent, PublishResult } from '../store.ts';
import { decodeAnswer, dedupKey, encodeBatch } from './publish-batch.ts';
import type { RedisArgument } from './redis-connection.ts';
import { FAULT_RETRY_MS, type RedisFault } from './redis-fault.ts';
import { RefusedOutboxes } from './refused-outboxes.ts';
import { ScriptLane, type LaneBatch, type LaneOptions } from './script-lane.ts';
import { BATCH_BYTES_MAX, BATCH_EVENTS_MAX, PUBLISH_WAIT_MS, WAITING_BYTES_MAX, WAITING_EVENTS_MAX } from './times.ts';

/** What came of one batch. */
export interface Stored {
  /** The next position of the log. */
  readonly next: number;
  /** Entries that wait in all queues; empty where their number did not change. */
  readonly waiting: string;
  /** Queues that may have got entries. */
  readonly queueNames: ReadonlySet<string>;
  /** By Redis' clock, when delayed events are due. */
  readonly dueTimes: readonly number[];
}

export interface PublishLaneOptions extends Pick<LaneOptions, 'recover' | 'onFault'> {
  readonly queuesOf: (to: string) => readonly string[];
  readonly toRedis: (wallMs: number) => number;
  readonly durability: () => Durability;
  /** Sends `publish` with its batch number and the arguments after the version. */
  readonly send: (batchNumber: number, args: readonly RedisArgument[]) => Promise<string>;
  readonly onStored: (stored: Stored) => void;
  readonly onCommit: (seconds: number) => void;
  /** Whether there is hope that Redis answers soon. */
  readonly isReachable: () => boolean;
}

const DEPTH = 2;
const WATCH_MS = 100;

/** One call of `publish`. */
interface Call {
  readonly results: PublishResult[];
  left: number;
  readonly resolve: (results: readonly PublishResult[]) => void;
}

interface Waiting {
  readonly event: NewEvent;
  readonly key: string;
  readonly call: Call;
  readonly place: number;
  readonly since: number;
  isAnswered: boolean;
}

export class PublishLane {
  readonly #options: PublishLaneOptions;
  readonly #lane: ScriptLane;
  #waiting: Waiting[] = [];
  #head = 0;
  #bytes = 0;
  #unanswered = 0;
  #batchNumber = 0;
  readonly #batches = new Set<PublishBatch>();
  readonly #refused = new RefusedOutboxes();
  /** Whether something may wait that is to be refused. */
  #hasFollowers = false;
  #timer: NodeJS.Timeout | undefined;
  #isScheduled = false;
  #isClosed = false;

  constructor(options: PublishLaneOptions) {
    this.#options = options;
    const { recover, onFault } = options;
    this.#lane = new ScriptLane({ depth: DEPTH, form: () => this.#form(), recover, onFault });
  }

  get isIdle(): boolean {
    return this.#unanswered === 0;
  }

  publish(events: readonly NewEvent[]): Promise<readonly PublishResult[]> {
    if (events.length === 0) return Promise.resolve([]);
    const bytes = events.reduce((sum, { body }) => sum + body.length, 0);
    const isFull = this.#unanswered + events.length > WAITING_EVENTS_MAX || this.#bytes + bytes > WAITING_BYTES_MAX;
    if (isFull || this.#isClosed || !this.#options.isReachable()) return Promise.resolve(events.map(() => UNAVAILABLE));
    this.#bytes += bytes;
    this.#unanswered += events.length;
    return new Promise((resolve) => {
      const call: Call = { results: [], left: events.length, resolve };
      const since = monotonicNow();
      for (const [place, event] of events.entries()) {
        this.#waiting.push({ event, key: dedupKey(event), call, place, since, isAnswered: false });
      }
      if (!this.#refused.isEmpty) this.#refuseFrom(this.#waiting.length - events.length);
      this.#watch();
      this.#schedule();
    });
  }

  /** What waits is refused, and nothing is sent any more. */
  close(): void {
    this.#isClosed = true;
    this.#lane.close();
    clearTimeout(this.#timer);
    this.#refuseOlderThan(-Infinity);
  }

  /** Calls of one turn of the event loop share a batch. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#lane.pump();
    });
  }

  #form(): LaneBatch | undefined {
    const members: Waiting[] = [];
    const seen = new Map<string, number>();
    let bytes = 0;
    while (this.#head < this.#waiting.length && members.length < BATCH_EVENTS_MAX) {
      const next = this.#waiting[this.#head] as Waiting;
      if (!next.isAnswered) {
        if (members.length > 0 && (bytes + next.event.body.length > BATCH_BYTES_MAX || repeats(seen, next))) break;
        bytes += next.event.body.length;
        members.push(next);
        noteIn(seen, next);
      }
      this.#head += 1;
    }
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    }
    if (members.length === 0) return undefined;
    this.#batchNumber += 1;
    const batch = new PublishBatch(this.#batchNumber, { members, outboxes: seen, before: [...this.#batches] }, this);
    this.#batches.add(batch);
    return batch;
  }

  send(batch: PublishBatch): Promise<string> {
    const { queuesOf, toRedis, durability, send } = this.#options;
    const events = batch.members.map(({ event }) => event);
    const keys = batch.members.map(({ key }) => key);
    const { counts, groups, queueNames } = encodeBatch(events, keys, {
      ...{ queuesOf, toRedis, durability: durability() },
      after: (key) => batch.after.get(key) ?? 0,
    });
    batch.queueNames = queueNames;
    return send(batch.number, [String(events.length), ...counts, ...groups]);
  }

  done(batch: PublishBatch, answer: string): void {
    const events = batch.members.map(({ event }) => event);
    const results = decodeAnswer(answer, events, this.#options.durability());
    for (const [index, member] of batch.members.entries()) this.#answer(member, results[index] ?? UNAVAILABLE);
    this.#batches.delete(batch);
    this.#refuseFollowers();
    this.#options.onCommit((monotonicNow() - batch.sentAt) / 1_000);
    const dueTimes = events.filter(({ dueAt }) => dueAt > 0).map(({ dueAt }) => this.#options.toRedis(dueAt));
    const [base, waiting = ''] = answer.split(' ', 2);
    this.#options.onStored({ next: Number(base) + events.length, waiting, queueNames: batch.queueNames, dueTimes });
  }

  fail(batch: PublishBatch, fault: RedisFault): void {
    const code = fault.code === 'E_STORE_FULL' ? 'E_STORE_FULL' : 'E_STORE_UNAVAILABLE';
    for (const member of batch.members) {
      this.#answer(member, { status: 'refused', code, retryAfterMs: FAULT_RETRY_MS });
    }
    this.#batches.delete(batch);
    this.#refuseFollowers();
  }

  #answer(waiting: Waiting, result: PublishResult): void {
    if (waiting.isAnswered) return;
    waiting.isAnswered = true;
    this.#bytes -= waiting.event.body.length;
    this.#unanswered -= 1;
    const { call, event } = waiting;
    if (this.#refused.note(event, waiting.key, result)) this.#hasFollowers = true;
    call.results[waiting.place] = result;
    call.left -= 1;
    if (call.left === 0) call.resolve(call.results);
  }

  #watch(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#refuseOlderThan(monotonicNow() - PUBLISH_WAIT_MS);
      if (!this.isIdle) this.#watch();
    }, WATCH_MS);
  }

  #refuseOlderThan(time: number): void {
    const isLate = (waiting: Waiting): boolean => time === -Infinity || waiting.since <= time;
    for (const batch of this.#batches) {
      for (const member of batch.members) if (isLate(member)) this.#answer(member, UNAVAILABLE);
      if (batch.isAbandoned) this.#batches.delete(batch);
    }
    for (let index = this.#head; index < this.#waiting.length; index++) {
      const waiting = this.#waiting[index] as Waiting;
      if (!isLate(waiting)) break;
      this.#answer(waiting, UNAVAILABLE);
    }
    this.#refuseFollowers();
  }

  /** What waits of an outbox behind a number that was refused for now is refused too: so it stays in order. */
  #refuseFollowers(): void {
    if (!this.#hasFollowers) return;
    this.#hasFollowers = false;
    this.#refuseFrom(this.#head);
  }

  #refuseFrom(first: number): void {
    for (let index = first; index < this.#waiting.length; index++) {
      const waiting = this.#waiting[index] as Waiting;
      const refusal = waiting.isAnswered ? undefined : this.#refused.refusalOf(waiting.event, waiting.key);
      if (refusal !== undefined) this.#answer(waiting, refusal);
    }
  }
}

class PublishBatch implements LaneBatch {
  readonly number: number;
  readonly members: readonly Waiting[];
  /** By the key of an outbox: the batch that has to be done before this one, because it has earlier numbers of it. */
  readonly after = new Map<string, number>();
  readonly sentAt = monotonicNow();
  queueNames: ReadonlySet<string> = new Set();
  readonly #outboxes: ReadonlyMap<string, number>;
  readonly #lane: PublishLane;

  constructor(
    number: number,
    content: {
      readonly members: readonly Waiting[];
      readonly outboxes: ReadonlyMap<string, number>;
      readonly before: readonly PublishBatch[];
    },
    lane: PublishLane,
  ) {
    this.number = number;
    this.members = content.members;
    this.#outboxes = content.outboxes;
    this.#lane = lane;
    for (const each of content.before)
      for (const key of content.outboxes.keys()) if (each.#outboxes.has(key)) this.after.set(key, each.number);
  }

  get isAbandoned(): boolean {
    return this.members.every(({ isAnswered }) => isAnswered);
  }

  send(): Promise<string> {
    return this.#lane.send(this);
  }

  done(answer: string): void {
    this.#lane.done(this, answer);
  }

  fail(fault: RedisFault): void {
    this.#lane.fail(this, fault);
  }
}

const UNAVAILABLE: PublishResult = {
  status: 'refused',
  code: 'E_STORE_UNAVAILABLE',
  retryAfterMs: FAULT_RETRY_MS,
};

/**
 * Whether an event has to wait for the next batch: one holds the numbers of an outbox upwards, and each id once, for what
 * the script compares with is stored before.
 */
function repeats(seen: ReadonlyMap<string, number>, { key, event: { dedup } }: Waiting): boolean {
  if (dedup.kind === 'none') return false;
  const before = seen.get(key);
  return before !== undefined && (dedup.kind === 'id' || dedup.number <= before);
}

function noteIn(seen: Map<string, number>, { key, event: { dedup } }: Waiting): void {
  if (dedup.kind !== 'none') seen.set(key, dedup.kind === 'id' ? 0 : dedup.number);
}
