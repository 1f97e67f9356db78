/**
 * EventAnswers: what `listen` answers to deliveries that it printed: an ack, a nack for the first attempts, or what a person
 * or script types. It also knows when enough was printed.
 */
import type { DeliveredEvent, SkippedEvents } from '../delivery/index.ts';

export interface EventAnswersOptions {
  /** End after so many lines; undefined for no end. */
  readonly count: number | undefined;
  /** Attempts of each event that are refused. */
  readonly failFirst: number;
  readonly isManual: boolean;
  /** Enough was printed, and everything printed has its answer. */
  readonly onEnough: () => void;
}

export class EventAnswers {
  readonly #options: EventAnswersOptions;
  #printed = 0;
  /** Printed and to come again, by sequence. */
  readonly #failed = new Set<number>();
  /** Printed and waiting for `answer`, by id; ids are unique only within a producer. */
  readonly #waiting = new Map<string, DeliveredEvent[]>();
  #hasAnswers: boolean;

  constructor(options: EventAnswersOptions) {
    this.#options = options;
    this.#hasAnswers = options.isManual;
  }

  /** Whether one more is to be printed: with enough printed, only what is to come again. */
  takes(event?: DeliveredEvent): boolean {
    const { count } = this.#options;
    const takes =
      count === undefined || this.#printed < count || (event !== undefined && this.#failed.has(event.sequence));
    if (takes) this.#printed += 1;
    return takes;
  }

  /** A delivery was printed. */
  async printed(event: DeliveredEvent): Promise<void> {
    const { failFirst, isManual } = this.#options;
    if (event.attempt <= failFirst) {
      this.#failed.add(event.sequence);
      event.nack({ reason: `attempt ${event.attempt} is to fail` });
    } else if (isManual) {
      this.#failed.delete(event.sequence);
      const same = this.#waiting.get(event.id)?.filter(({ sequence }) => sequence !== event.sequence) ?? [];
      this.#waiting.set(event.id, [...same, event]);
    } else {
      this.#failed.delete(event.sequence);
      await event.ack();
    }
    this.check();
  }

  /** `ack ID`, `nack ID [REASON]` or `progress ID`. @returns what is wrong with it; undefined when nothing is. */
  async answer(line: string): Promise<string | undefined> {
    const [, verb, id = '', reason] = /^\s*(ack|nack|progress)\s+(\S+)(?:\s+(.*\S))?\s*$/s.exec(line) ?? [];
    if (verb === undefined) return 'expected: ack ID, nack ID [REASON] or progress ID';
    const [event, ...others] = this.#waiting.get(id) ?? [];
    if (event === undefined) return `no delivery of ${id} waits for an answer`;
    const isTaken = verb === 'progress' ? event.progress() : await this.#end(event, others, { verb, reason });
    this.check();
    return isTaken ? undefined : `the delivery of ${id} came to its end before`;
  }

  /** No more answers will come: what has none stays without. */
  endAnswers(): void {
    this.#hasAnswers = false;
    this.check();
  }

  /** What is skipped does not come again. */
  skipped({ from, to }: SkippedEvents): void {
    for (const sequence of this.#failed) if (sequence >= from && sequence <= to) this.#failed.delete(sequence);
    this.check();
  }

  check(): void {
    const { count, onEnough } = this.#options;
    if (count === undefined || this.#printed < count || this.#failed.size > 0) return;
    if (!this.#hasAnswers || this.#waiting.size === 0) onEnough();
  }

  async #end(
    event: DeliveredEvent,
    others: readonly DeliveredEvent[],
    { verb, reason }: { readonly verb: string; readonly reason: string | undefined },
  ): Promise<boolean> {
    if (others.length > 0) this.#waiting.set(event.id, [...others]);
    else this.#waiting.delete(event.id);
    if (verb === 'ack') return await event.ack();
    this.#failed.add(event.sequence);
    return event.nack(reason === undefined ? {} : { reason });
  }
}
