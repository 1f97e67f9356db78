/** A connection whose other end is the test, and time that only the test moves. */
import type { ErrorCode } from '@sealane/shared/errors';
import type { DeliveryLink } from '../../src/delivery/index.ts';
import type { Cancel, Timers } from '../../src/delivery/timers.ts';

/** Virtual time. */
export class TestTimers implements Timers {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>();

  now(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void): Cancel {
    const timer = { at: this.#now + delayMs, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Lets time pass; what is due runs in order. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((left, right) => left.at - right.at)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.run();
      await settled();
    }
    this.#now = end;
  }
}

/** What was sent over a link, in order. */
export interface Sent {
  readonly kind: keyof DeliveryLink;
  readonly fields: Readonly<Record<string, unknown>>;
}

export class ScriptedLink implements DeliveryLink {
  readonly server = 'SHA256:test';
  readonly hasEvents: boolean;
  isCongested = false;
  failedWith: ErrorCode | undefined;
  readonly sent: Sent[] = [];

  constructor(hasEvents = true) {
    this.hasEvents = hasEvents;
  }

  subscribe = this.#record('subscribe');
  unsubscribe = this.#record('unsubscribe');
  ackEvent = this.#record('ackEvent');
  nackEvent = this.#record('nackEvent');
  eventProgress = this.#record('eventProgress');
  openProducer = this.#record('openProducer');
  watchPresence = this.#record('watchPresence');

  publish(...[event, producer, settledNumber]: Parameters<DeliveryLink['publish']>): void {
    this.#record('publish')({ ...event, producer, settledNumber });
  }

  fail(code: ErrorCode): void {
    this.failedWith = code;
  }

  /** The fields of what was sent of one kind, oldest first. */
  of(kind: keyof DeliveryLink): Readonly<Record<string, unknown>>[] {
    return this.sent.filter((each) => each.kind === kind).map(({ fields }) => fields);
  }

  #record(kind: keyof DeliveryLink): (fields: object) => void {
    return (fields) => void this.sent.push({ kind, fields: { ...fields } });
  }
}

/** Lets promises settle that wait for nothing outside. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
