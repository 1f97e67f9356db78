/**
 * SendQueue: which event of an outbox is sent next. Pure; time is a parameter.
 *
 *   push → next → in flight → take: stored, or refused for good
 *                           → hold: its address is full; events to others go on
 *                           → pause: the server takes nothing; all wait
 *
 * Events to one address leave in order of their numbers. After a refusal one event is tried before the others follow.
 */
import { eventBytes, type QueuedEvent } from './outbox.ts';

/** An address that is full. */
interface Held {
  /** In order of numbers. */
  readonly events: QueuedEvent[];
  until: number;
  /** The number that is tried; undefined while none is. */
  trying: number | undefined;
}

/** Events and bytes without a receipt that are sent at once. */
export const IN_FLIGHT_EVENTS_MAX = 4_096;
export const IN_FLIGHT_BYTES_MAX = 4_194_304;
/** Events that wait in memory to be sent. */
const READY_EVENTS_MAX = 4_096;
const READY_BYTES_MAX = 4_194_304;
/**
 * Between the lowest number without a receipt and the highest one sent: servers keep as many receipts and more, so that
 * they know what is new. With an address full for so long, everything waits.
 */
const NUMBER_SPAN_MAX = 4_096;

export class SendQueue {
  #ready: QueuedEvent[] = [];
  #readyNext = 0;
  #readyBytes = 0;
  readonly #inFlight = new Map<number, QueuedEvent>();
  #inFlightBytes = 0;
  readonly #held = new Map<string, Held>();
  /** Lowest number among those held. */
  #heldFrom = Number.POSITIVE_INFINITY;
  /** Refused with everything else; they come first when the pause is over. */
  #again: QueuedEvent[] = [];
  #pausedUntil = 0;

  get inFlightCount(): number {
    return this.#inFlight.size;
  }

  /** Whether more may be pushed. */
  get hasRoom(): boolean {
    return this.#readyCount < READY_EVENTS_MAX && this.#readyBytes < READY_BYTES_MAX;
  }

  /** Whether `next` will soon have nothing, if nothing is pushed. */
  get isShort(): boolean {
    return this.#readyCount < READY_EVENTS_MAX / 2 && this.#readyBytes < READY_BYTES_MAX / 2;
  }

  /** When `next` may have something that it has not now; Infinity when only receipts and pushes change that. */
  get dueAt(): number {
    if (this.#again.length > 0) return this.#inFlight.size > 0 ? Number.POSITIVE_INFINITY : this.#pausedUntil;
    let dueAt = Number.POSITIVE_INFINITY;
    if (this.#held.size === 0) return dueAt;
    for (const held of this.#held.values()) if (held.trying === undefined) dueAt = Math.min(dueAt, held.until);
    return dueAt;
  }

  /** Adds the event that follows those pushed before. */
  push(event: QueuedEvent): void {
    this.#ready.push(event);
    this.#readyBytes += eventBytes(event);
  }

  /** Takes the next event to be sent, which is in flight from now on. */
  next(now: number): QueuedEvent | undefined {
    if (this.#inFlight.size >= IN_FLIGHT_EVENTS_MAX || this.#inFlightBytes >= IN_FLIGHT_BYTES_MAX) return undefined;
    if (!this.#pauseIsOver(now)) return undefined;
    const event = this.#nextTried(now) ?? this.#nextReady();
    if (event === undefined) return undefined;
    this.#inFlight.set(event.number, event);
    this.#inFlightBytes += eventBytes(event);
    return event;
  }

  /** A receipt came: the event is not in flight any more. @returns undefined for a number that was not. */
  take(number: number): QueuedEvent | undefined {
    const event = this.#landed(number);
    if (event === undefined) return undefined;
    if (this.#held.size === 0) return event;
    const held = this.#held.get(event.to);
    if (held?.trying === number) this.#release(event.to, held);
    return event;
  }

  /** Its address is full until a time. */
  hold(number: number, until: number): QueuedEvent | undefined {
    const event = this.#landed(number);
    if (event === undefined) return undefined;
    const held = this.#held.get(event.to) ?? { events: [], until, trying: undefined };
    this.#held.set(event.to, held);
    if (held.trying === number) held.trying = undefined;
    held.until = Math.max(held.until, until);
    this.#keep(held, event);
    return event;
  }

  /** The server takes nothing until a time. */
  pause(number: number, until: number): QueuedEvent | undefined {
    const event = this.#landed(number);
    if (event === undefined) return undefined;
    const held = this.#held.get(event.to);
    if (held?.trying === number) held.trying = undefined;
    this.#again.push(event);
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
    return event;
  }

  /** The connection is gone: all that was in flight or waited is sent again, in order. */
  restart(): void {
    const all = [...this.#inFlight.values(), ...this.#again, ...this.#ready.slice(this.#readyNext)];
    for (const { events } of this.#held.values()) all.push(...events);
    this.clear();
    for (const event of all.sort(byNumber)) this.push(event);
  }

  clear(): void {
    this.#ready = [];
    this.#readyNext = 0;
    this.#readyBytes = 0;
    this.#inFlight.clear();
    this.#inFlightBytes = 0;
    this.#held.clear();
    this.#heldFrom = Number.POSITIVE_INFINITY;
    this.#again = [];
    this.#pausedUntil = 0;
  }

  get #readyCount(): number {
    return this.#ready.length - this.#readyNext;
  }

  #landed(number: number): QueuedEvent | undefined {
    const event = this.#inFlight.get(number);
    if (event === undefined) return undefined;
    this.#inFlight.delete(number);
    this.#inFlightBytes -= eventBytes(event);
    return event;
  }

  /** After a pause: what was refused comes before what was not sent, once nothing is in flight that might overtake it. */
  #pauseIsOver(now: number): boolean {
    if (this.#again.length === 0) return true;
    if (this.#inFlight.size > 0 || now < this.#pausedUntil) return false;
    this.#putBack(this.#again.sort(byNumber));
    this.#again = [];
    return true;
  }

  #nextTried(now: number): QueuedEvent | undefined {
    if (this.#held.size === 0) return undefined;
    for (const held of this.#held.values()) {
      if (held.trying !== undefined || now < held.until) continue;
      const event = held.events.shift();
      if (event === undefined) continue;
      held.trying = event.number;
      return event;
    }
    return undefined;
  }

  #nextReady(): QueuedEvent | undefined {
    for (;;) {
      const event = this.#ready[this.#readyNext];
      if (event === undefined) break;
      if (event.number - this.#heldFrom >= NUMBER_SPAN_MAX) return undefined;
      this.#readyNext += 1;
      this.#readyBytes -= eventBytes(event);
      const held = this.#held.size === 0 ? undefined : this.#held.get(event.to);
      if (held === undefined) return event;
      this.#keep(held, event);
    }
    if (this.#readyNext === this.#ready.length) {
      this.#ready = [];
      this.#readyNext = 0;
    }
    return undefined;
  }

  #keep(held: Held, event: QueuedEvent): void {
    const last = held.events.at(-1);
    held.events.push(event);
    if (last !== undefined && last.number > event.number) held.events.sort(byNumber);
    this.#heldFrom = Math.min(this.#heldFrom, event.number);
  }

  /** The address takes events again. */
  #release(to: string, held: Held): void {
    this.#held.delete(to);
    this.#putBack(held.events);
    this.#heldFrom = Number.POSITIVE_INFINITY;
    for (const { trying, events } of this.#held.values())
      this.#heldFrom = Math.min(this.#heldFrom, trying ?? events[0]?.number ?? Number.POSITIVE_INFINITY);
  }

  #putBack(events: readonly QueuedEvent[]): void {
    this.#ready = [...events, ...this.#ready.slice(this.#readyNext)];
    this.#readyNext = 0;
    for (const event of events) this.#readyBytes += eventBytes(event);
  }
}

function byNumber(left: QueuedEvent, right: QueuedEvent): number {
  return left.number - right.number;
}
