/**
 * EventWork: the deliveries of one subscription that are worked on.
 *
 *   delivered → done before? acked at once
 *             → waits for a handler → handler → done, written down → acked
 *                                             → failed: nacked, comes again
 *
 * It outlives connections: a handler goes on without one, and what it did is told with the next Subscribe. What only
 * waited is dropped with the connection, because others of a group may get it.
 */
import { escapeText, utf8Encode, utf8Decode } from '@sealane/shared/bytes';
import { NACK_REASON_BYTES_MAX, UINT32_MAX, type Event, type Skipped } from '@sealane/shared/packets';
import { DeliveredEvent, RetryLater, type NackOptions } from './delivered-event.ts';
import type { DeliveryLink } from './delivery-link.ts';
import { DoneSet } from './done-set.ts';
import type { EventHandler } from './subscription.ts';
import type { Cancel, Timers } from './timers.ts';

/** What it needs of its subscription. */
export interface EventWorkOwner {
  readonly handle: number;
  readonly timers: Timers;
  readonly handler: EventHandler;
  readonly concurrency: number;
  readonly isManual: boolean;
  /** The connection over which answers go; undefined while there is none. */
  readonly link: DeliveryLink | undefined;
  /** Writes down what is done. */
  save(): Promise<void>;
  onFault(what: string, error: unknown): void;
}

/** One event that is worked on. */
interface Work {
  readonly event: DeliveredEvent;
  /** Newest attempt; undefined when it was not delivered over this connection. */
  attempt: number | undefined;
  /** It is done, and is being written down. */
  isDone: boolean;
  /** When it was delivered, or progress was told. */
  askedAt: number;
  readonly deliveredAt: number;
}

/** Progress is told for what is older than half of the ack wait; looked at this often in an ack wait. */
const PROGRESS_CHECKS = 4;
/** However short the time for acks is that a server names. */
const PROGRESS_CHECK_MS_MIN = 200;
/** A handler that works longer gets no more time: its event comes again. */
const PROGRESS_MS_MAX = 3_600_000;

export class EventWork {
  readonly #owner: EventWorkOwner;
  /** In order of delivery; they become works. */
  readonly #waiting = new Map<number, Work>();
  readonly #works = new Map<number, Work>();
  /** Handlers that have not returned, and writes under way. */
  #handlers = 0;
  #writes = 0;
  #ackWaitMs = 0;
  #isStopped = false;
  #cancelProgress: Cancel | undefined;
  #idleWaiters: (() => void)[] = [];
  #done = new DoneSet();

  constructor(owner: EventWorkOwner) {
    this.#owner = owner;
  }

  /** What is done, in the present lineage. */
  get done(): DoneSet {
    return this.#done;
  }

  /** Events that have no answer yet. */
  get count(): number {
    return this.#waiting.size + this.#works.size;
  }

  /** Those of them that were delivered over this connection. */
  get deliveredCount(): number {
    let count = this.#waiting.size;
    for (const { attempt } of this.#works.values()) if (attempt !== undefined) count += 1;
    return count;
  }

  /** Sequences have this meaning from now on; those of another one mean nothing any more. */
  use(done: DoneSet, ackWaitMs: number): void {
    if (this.#done !== done) this.#works.clear();
    this.#done = done;
    this.#ackWaitMs = ackWaitMs;
  }

  onEvent(packet: Event): void {
    if (this.#isStopped) return;
    const { sequence, attempt } = packet;
    const now = this.#owner.timers.now();
    const known = this.#works.get(sequence) ?? this.#waiting.get(sequence);
    if (known !== undefined && (known.isDone || !this.#owner.isManual)) {
      known.attempt = attempt;
      known.askedAt = now;
    } else if (this.#done.has(sequence)) {
      this.#owner.link?.ackEvent({ subscription: this.#owner.handle, sequence, attempt });
    } else {
      const event = this.#event(packet);
      this.#waiting.set(sequence, { event, attempt, isDone: false, askedAt: now, deliveredAt: now });
      this.#start();
      this.#watchProgress();
    }
  }

  async onSkipped({ from, to }: Skipped): Promise<void> {
    if (this.#isStopped) return;
    for (const sequence of this.#waiting.keys()) if (sequence >= from && sequence <= to) this.#waiting.delete(sequence);
    this.#done.addRun(from, to);
    const { link, handle } = this.#owner;
    await this.#write();
    if (link === this.#owner.link) link?.ackEvent({ subscription: handle, sequence: to, attempt: 0 });
  }

  /** The connection is gone. */
  lose(): void {
    this.#waiting.clear();
    for (const work of this.#works.values()) work.attempt = undefined;
    this.#cancelProgress?.();
    this.#cancelProgress = undefined;
  }

  /** Takes nothing more; resolves when handlers at work have returned and what they did was told. */
  stop(): Promise<void> {
    this.#isStopped = true;
    this.#waiting.clear();
    if (!this.isBusy) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Whether a handler is at work, or what one did is being written down. */
  get isBusy(): boolean {
    return this.#handlers + this.#writes > 0;
  }

  close(): void {
    this.#isStopped = true;
    this.#waiting.clear();
    this.#works.clear();
    this.#cancelProgress?.();
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  #event(packet: Event): DeliveredEvent {
    const { sequence } = packet;
    const event: DeliveredEvent = new DeliveredEvent(packet, {
      ack: () => this.#ack(sequence, event),
      nack: (options) => this.#nack(sequence, event, options),
      progress: () => this.#progress(this.#open(sequence, event)),
    });
    return event;
  }

  /** The work of an event that may still be answered: not one of an earlier attempt, or answered before. */
  #open(sequence: number, event: DeliveredEvent): Work | undefined {
    const work = this.#works.get(sequence);
    return work?.event === event && !work.isDone ? work : undefined;
  }

  #start(): void {
    const handlersMax = this.#owner.isManual ? Number.POSITIVE_INFINITY : this.#owner.concurrency;
    for (const [sequence, work] of this.#waiting) {
      if (this.#handlers >= handlersMax) return;
      this.#waiting.delete(sequence);
      this.#works.set(sequence, work);
      this.#handlers += 1;
      void this.#handle(work.event);
    }
  }

  async #handle(event: DeliveredEvent): Promise<void> {
    const { isManual, handler } = this.#owner;
    try {
      await handler(event);
      if (!isManual) void this.#ack(event.sequence, event);
    } catch (error) {
      if (!(error instanceof RetryLater)) this.#owner.onFault('a handler of events failed', error);
      this.#nack(event.sequence, event, nackOptions(error));
    }
    this.#handlers -= 1;
    this.#start();
    this.#tellIdle();
  }

  async #ack(sequence: number, event: DeliveredEvent): Promise<boolean> {
    const work = this.#open(sequence, event);
    if (work === undefined) return false;
    work.isDone = true;
    this.#done.add(sequence);
    await this.#write();
    if (this.#works.get(sequence) !== work) return false;
    this.#works.delete(sequence);
    const { link, handle } = this.#owner;
    if (work.attempt !== undefined) link?.ackEvent({ subscription: handle, sequence, attempt: work.attempt });
    return true;
  }

  #nack(sequence: number, event: DeliveredEvent, { delayMs = 0, reason = '' }: NackOptions): boolean {
    const work = this.#open(sequence, event);
    if (work === undefined) return false;
    this.#works.delete(sequence);
    const { link, handle } = this.#owner;
    if (work.attempt === undefined || link === undefined) return true;
    const { attempt } = work;
    const delay = Math.min(Math.max(Math.round(delayMs), 0), UINT32_MAX);
    link.nackEvent({ subscription: handle, sequence, attempt, delayMs: delay, reason: shortReason(reason) });
    return true;
  }

  #progress(work: Work | undefined): boolean {
    if (work === undefined) return false;
    work.askedAt = this.#owner.timers.now();
    const { link, handle } = this.#owner;
    if (work.attempt === undefined || link === undefined) return true;
    link.eventProgress({ subscription: handle, sequence: work.event.sequence, attempt: work.attempt });
    return true;
  }

  /** A write that fails is told; the handler's work is done all the same, and an ack is better than doing it again. */
  async #write(): Promise<void> {
    this.#writes += 1;
    try {
      await this.#owner.save();
    } catch (error) {
      this.#owner.onFault('what is done cannot be written down', error);
    }
    this.#writes -= 1;
    // After whoever waits for this write.
    queueMicrotask(() => this.#tellIdle());
  }

  #tellIdle(): void {
    if (this.isBusy) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  /** Handlers that work long, and events that wait for one, keep their place (fault R8). */
  #watchProgress(): void {
    if (this.#owner.isManual || this.#cancelProgress !== undefined || this.#ackWaitMs === 0) return;
    const checkMs = Math.max(this.#ackWaitMs / PROGRESS_CHECKS, PROGRESS_CHECK_MS_MIN);
    this.#cancelProgress = this.#owner.timers.after(checkMs, () => {
      this.#cancelProgress = undefined;
      this.#askForTime();
      if (this.count > 0) this.#watchProgress();
    });
  }

  #askForTime(): void {
    const now = this.#owner.timers.now();
    for (const work of [...this.#works.values(), ...this.#waiting.values()]) {
      const isDue = now - work.askedAt >= this.#ackWaitMs / 2 - 1;
      if (isDue && now - work.deliveredAt < PROGRESS_MS_MAX) this.#progress(work);
    }
  }
}

function nackOptions(error: unknown): NackOptions {
  if (error instanceof RetryLater) return { delayMs: error.delayMs, reason: error.message };
  return { reason: error instanceof Error ? error.message : String(error) };
}

/** The reason in one line that fits its packet. */
function shortReason(reason: string): string {
  const bytes = utf8Encode(escapeText(reason));
  if (bytes.length <= NACK_REASON_BYTES_MAX) return utf8Decode(bytes) ?? '';
  // Not in the middle of a character.
  let end = NACK_REASON_BYTES_MAX;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return utf8Decode(bytes.subarray(0, end)) ?? '';
}
