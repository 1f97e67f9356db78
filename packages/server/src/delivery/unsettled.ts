/**
 * Unsettled: one sequence of a queue, or one run of skipped ones, that was announced to an agent and is not settled.
 * Bodies are not held here: what is to be delivered again is read again.
 */
import type { QueueItem, SkipReason } from '../store/index.ts';

/** Who has a delivery. */
export interface Holder {
  release(unsettled: Unsettled): void;
  countError(): void;
}

export class Unsettled {
  /** First sequence; differs from `sequence` only for a run of skipped ones. */
  readonly from: number;
  readonly sequence: number;
  /** Set when the sequence comes without an event. */
  skipReason: SkipReason | undefined;
  /** Of the newest delivery; 0 for a skip. */
  attempt: number;
  /** Failures that count; for a skip, how often its announcement went unanswered. */
  failures: number;
  readonly bytes: number;
  /** Who has it now; undefined while it waits to be delivered again. */
  consumer: Holder | undefined;
  /** Who had it last. */
  lastConsumer: Holder | undefined;
  /** Until when its consumer has to answer, monotonic ms. */
  deadlineAt = 0;
  /** When it is to be delivered again, monotonic ms. */
  dueAt = 0;
  isSettled = false;
  previous: Unsettled | undefined;
  next: Unsettled | undefined;

  /** @param deliveredBefore entries up to this sequence may have been delivered before. */
  constructor(item: QueueItem, deliveredBefore: number) {
    if (item.kind === 'skip') {
      this.from = item.from;
      this.sequence = item.to;
      this.skipReason = item.reason;
      this.attempt = 0;
      this.failures = 0;
      this.bytes = 0;
      return;
    }
    this.from = item.sequence;
    this.sequence = item.sequence;
    this.skipReason = undefined;
    this.attempt = item.failures + (item.sequence <= deliveredBefore || item.isRepeated === true ? 2 : 1);
    this.failures = item.failures;
    this.bytes = item.body.length;
  }
}

/** What one consumer has, in order of deadlines: every delivery of it waits equally long. */
export class UnsettledList {
  first: Unsettled | undefined;
  #last: Unsettled | undefined;
  count = 0;
  bytes = 0;

  append(unsettled: Unsettled): void {
    unsettled.previous = this.#last;
    unsettled.next = undefined;
    if (this.#last === undefined) this.first = unsettled;
    else this.#last.next = unsettled;
    this.#last = unsettled;
    this.count += 1;
    this.bytes += unsettled.bytes;
  }

  remove(unsettled: Unsettled): void {
    const { previous, next } = unsettled;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    unsettled.previous = undefined;
    unsettled.next = undefined;
    this.count -= 1;
    this.bytes -= unsettled.bytes;
  }
}
