/**
 * Redelivery: what became of deliveries that failed, and what waits to be delivered again. An entry keeps its place in the
 * window until it is settled; others go on meanwhile. At the last failure it becomes a dead letter, and its sequence is
 * announced as skipped once that is stored (docs/protocols/delivery.md §5, §7).
 */
import type { Lease, QueueEntry, QueueItem, QueueSpec, Settlement, SkipReason } from '../store/index.ts';
import { Alarm, type AlarmOwner } from './alarms.ts';
import { backoffMs } from './backoff.ts';
import type { DeadLetterCause } from './delivery-counters.ts';
import type { ReaderHost } from './reader-host.ts';
import type { Consumer } from './consumer.ts';
import type { Holder, Unsettled } from './unsettled.ts';

/** The queue whose deliveries failed. */
export interface RedeliveryQueue {
  readonly host: ReaderHost;
  readonly queueId: string;
  readonly spec: QueueSpec;
  readonly lease: Lease | undefined;
  readonly isClosed: boolean;
  touch(): void;
  pick(previous: Holder | undefined): Consumer | undefined;
  sentTo(consumer: Consumer): void;
  deliverAgain(unsettled: Unsettled, entry: QueueEntry, now: number): void;
  settle(settlement: Settlement): void;
  settleNow(settlements: readonly Settlement[]): Promise<void>;
  onStoreFailure(error: unknown): number;
  forget(unsettled: Unsettled): void;
  giveBack(unsettled: Unsettled): void;
}

/** Entries that one look at the store takes. */
const READ_AGAIN_MAX = 64;

export class Redelivery implements AlarmOwner {
  readonly #reader: RedeliveryQueue;
  readonly #waiting = new Set<Unsettled>();
  readonly #alarm = new Alarm(this);
  /** No one that waits is due before. */
  #nextDueAt = Number.POSITIVE_INFINITY;
  #isReading = false;

  constructor(reader: RedeliveryQueue) {
    this.#reader = reader;
  }

  /** Has it delivered again at a time, monotonic ms. */
  add(unsettled: Unsettled, dueAt: number): void {
    unsettled.dueAt = dueAt;
    this.#waiting.add(unsettled);
    this.#nextDueAt = Math.min(this.#nextDueAt, dueAt);
    this.#reader.host.alarms.setBy(this.#alarm, dueAt);
  }

  delete(unsettled: Unsettled): void {
    this.#waiting.delete(unsettled);
  }

  stop(): void {
    this.#reader.host.alarms.clear(this.#alarm);
    this.#waiting.clear();
  }

  /** A delivery failed in a way that counts. */
  fail(unsettled: Unsettled, about: { cause: DeadLetterCause; reason: string; delayMs: number }): void {
    const { limits, environment } = this.#reader.host;
    const now = environment.now();
    unsettled.failures += 1;
    if (unsettled.skipReason !== undefined) {
      this.add(unsettled, now + backoffMs(unsettled.failures, environment.random(), limits));
      return;
    }
    const { sequence, failures } = unsettled;
    const failure = { sequence, reason: about.reason, at: environment.wallClock() };
    if (failures >= limits.failuresMax) {
      this.#reader.host.counters.deadLettered[about.cause] += 1;
      this.#takeOut(unsettled, { kind: 'dead', ...failure }, 'dead-letter');
      return;
    }
    this.#reader.settle({ kind: 'failed', ...failure });
    const delayMs = Math.min(about.delayMs, limits.nackDelayMsMax);
    this.add(unsettled, now + (delayMs > 0 ? delayMs : backoffMs(failures, environment.random(), limits)));
  }

  /** Delivers what is due, as far as there is room. */
  run(now: number): void {
    if (now < this.#nextDueAt) return;
    const due = this.#due(now);
    for (const unsettled of due) if (unsettled.skipReason !== undefined) this.#announce(unsettled, now);
    if (!this.#isReading) this.#readAgain(due.filter(({ skipReason }) => skipReason === undefined));
    this.#nextDueAt = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#waiting) if (dueAt < this.#nextDueAt) this.#nextDueAt = dueAt;
    if (this.#nextDueAt > now) this.#reader.host.alarms.setBy(this.#alarm, this.#nextDueAt);
  }

  onAlarm(): void {
    this.#reader.touch();
  }

  #due(now: number): Unsettled[] {
    return [...this.#waiting].filter(({ dueAt }) => dueAt <= now).sort((one, other) => one.sequence - other.sequence);
  }

  #announce(unsettled: Unsettled, now: number): void {
    const consumer = this.#reader.pick(undefined);
    if (consumer === undefined) return;
    this.#waiting.delete(unsettled);
    consumer.announce(unsettled, now);
    this.#reader.sentTo(consumer);
  }

  #readAgain(due: readonly Unsettled[]): void {
    if (due.length === 0 || this.#reader.pick(undefined) === undefined) return;
    const { lease, queueId, host } = this.#reader;
    if (lease === undefined) return;
    const batch = this.#batchOf(due);
    for (const unsettled of batch) this.#waiting.delete(unsettled);
    this.#isReading = true;
    const sequences = batch.map(({ sequence }) => sequence);
    host.store.readAgain(queueId, sequences, lease).then(
      (entries) => {
        this.#isReading = false;
        this.#onEntries(batch, entries);
      },
      (error: unknown) => {
        this.#isReading = false;
        this.#onFailed(batch, error);
      },
    );
  }

  /** The first of them, in number and bytes what one read may take. */
  #batchOf(due: readonly Unsettled[]): readonly Unsettled[] {
    let bytes = 0;
    const { readBytesMax } = this.#reader.host.limits;
    const end = due.findIndex((unsettled) => (bytes += unsettled.bytes) > readBytesMax);
    return due.slice(0, Math.min(READ_AGAIN_MAX, end < 0 ? due.length : Math.max(end, 1)));
  }

  #onEntries(batch: readonly Unsettled[], entries: readonly QueueEntry[]): void {
    if (this.#reader.isClosed) return;
    const { environment } = this.#reader.host;
    const now = environment.now();
    const wallClock = environment.wallClock();
    const bySequence = new Map(entries.map((entry) => [entry.sequence, entry]));
    for (const unsettled of batch) {
      if (unsettled.isSettled) continue;
      const entry = bySequence.get(unsettled.sequence);
      if (entry === undefined) this.#findOut(unsettled);
      else if (entry.expiresAt <= wallClock) this.#expire(unsettled);
      else this.#reader.deliverAgain(unsettled, entry, now);
    }
    this.#reader.touch();
  }

  #onFailed(batch: readonly Unsettled[], error: unknown): void {
    const retryAt = this.#reader.onStoreFailure(error);
    for (const unsettled of batch) if (!unsettled.isSettled) this.add(unsettled, retryAt);
  }

  #expire(unsettled: Unsettled): void {
    this.#reader.host.counters.expired += 1;
    const { sequence } = unsettled;
    this.#takeOut(unsettled, { kind: 'dropped', sequence, reason: 'expired' }, 'expired');
  }

  /** Ends an entry without an ack. It is announced as skipped only once that is stored: the agent believes it for ever. */
  #takeOut(unsettled: Unsettled, settlement: Settlement, reason: SkipReason): void {
    this.#reader.settleNow([settlement]).then(
      () => this.#becomesSkip(unsettled, reason),
      () => {
        const { environment, limits } = this.#reader.host;
        if (this.#reader.isClosed || unsettled.isSettled) return;
        // Its failures stand as they are: the next one takes it out again.
        this.add(unsettled, environment.now() + limits.storeRetryMs);
      },
    );
  }

  #becomesSkip(unsettled: Unsettled, reason: SkipReason): void {
    if (this.#reader.isClosed || unsettled.isSettled) return;
    unsettled.skipReason = reason;
    unsettled.attempt = 0;
    unsettled.failures = 0;
    this.add(unsettled, this.#reader.host.environment.now());
    this.#reader.touch();
  }

  /** The store has no such entry any more: it took it out by itself, or somebody settled it. */
  #findOut(unsettled: Unsettled): void {
    const { lease, queueId, host, spec } = this.#reader;
    if (spec.kind === 'group') {
      // A group is read from its beginning: what became of it comes with the next read.
      this.#reader.giveBack(unsettled);
      return;
    }
    if (lease === undefined) return;
    const request = { after: unsettled.sequence - 1, limit: 1, bytesMax: 1 };
    host.store.read(queueId, request, lease).then(
      (items) => {
        if (this.#reader.isClosed || unsettled.isSettled) return;
        const skip = items.find((item) => isSkipOf(item, unsettled));
        if (skip?.kind === 'skip') this.#becomesSkip(unsettled, skip.reason);
        else this.#reader.forget(unsettled);
      },
      (error: unknown) => this.#onFailed([unsettled], error),
    );
  }
}

function isSkipOf(item: QueueItem, { sequence }: Unsettled): boolean {
  return item.kind === 'skip' && item.from <= sequence && item.to >= sequence;
}
