/** MemoryOutbox: an outbox that ends with the process, for agents without a data directory. */
import { equalBytes } from '@sealane/shared/bytes';
import { ProtocolError } from '@sealane/shared/errors';
import { contentHash } from './content-hash.ts';
import {
  DEFAULT_OUTBOX_LIMITS,
  EVENT_ID_MS,
  eventBytes,
  numbered,
  type Added,
  type Moved,
  type Outbox,
  type OutboxLimits,
  type OutgoingEvent,
  type QueuedEvent,
  type ReadLimits,
} from './outbox.ts';
import type { Receipt } from './receipt.ts';

interface KnownId {
  readonly hash: Uint8Array;
  readonly number: number;
  readonly at: number;
  receipt: Receipt | undefined;
}

/** Ids that are looked at for their age with each new one: more than come, so that they do not pile up. */
const FORGET_STEPS = 2;

const STORED: Added = { kind: 'stored' };

export class MemoryOutbox implements Outbox {
  readonly producerId: string;
  readonly #limits: OutboxLimits;
  readonly #wallClock: () => number;
  /** By number, ascending. */
  readonly #events = new Map<number, QueuedEvent>();
  readonly #ids = new Map<string, KnownId>();
  #bytes = 0;
  #lastNumber = 0;
  #settledNumber = 0;
  #isClosed = false;

  constructor(options: {
    readonly producerId: string;
    readonly wallClock: () => number;
    readonly limits?: OutboxLimits;
  }) {
    this.producerId = options.producerId;
    this.#wallClock = options.wallClock;
    this.#limits = options.limits ?? DEFAULT_OUTBOX_LIMITS;
  }

  get lastNumber(): number {
    return this.#lastNumber;
  }

  get settledNumber(): number {
    return this.#settledNumber;
  }

  /** Nobody can have copied it. */
  get sentNumber(): number {
    return this.#lastNumber;
  }

  get waiting(): { readonly events: number; readonly bytes: number } {
    return { events: this.#events.size, bytes: this.#bytes };
  }

  add(event: OutgoingEvent): { readonly number: number; readonly added: Added } {
    if (this.#isClosed) throw new ProtocolError('E_CLOSED', 'the outbox is closed');
    const bytes = eventBytes(event);
    if (this.#events.size >= this.#limits.eventsMax || this.#bytes + bytes > this.#limits.bytesMax)
      throw new ProtocolError('E_OUTBOX_FULL');
    const number = ++this.#lastNumber;
    const known = event.eventId === null ? undefined : this.#addId(event.eventId, event, number);
    if (known === undefined) {
      this.#events.set(number, numbered(event, number));
      this.#bytes += bytes;
    } else this.#moveSettled();
    return { number, added: known ?? STORED };
  }

  read(after: number, { eventsMax, bytesMax }: ReadLimits): Promise<readonly QueuedEvent[]> {
    const events: QueuedEvent[] = [];
    let bytes = 0;
    for (const event of this.#events.values()) {
      if (event.number <= after) continue;
      bytes += eventBytes(event);
      if (events.length === eventsMax || (events.length > 0 && bytes > bytesMax)) break;
      events.push(event);
    }
    return Promise.resolve(events);
  }

  useSending(): Promise<void> {
    return Promise.resolve();
  }

  settle(event: QueuedEvent, receipt: Receipt | undefined): void {
    if (!this.#events.delete(event.number)) return;
    this.#bytes -= eventBytes(event);
    this.#moveSettled();
    if (event.eventId === null) return;
    const known = this.#ids.get(event.eventId);
    if (known === undefined) return;
    if (receipt === undefined) this.#ids.delete(event.eventId);
    else known.receipt = receipt;
  }

  receiptOf(eventId: string): Promise<Receipt | undefined> {
    return Promise.resolve(this.#ids.get(eventId)?.receipt);
  }

  moveAbove(): Promise<Moved> {
    return Promise.resolve({ first: this.#lastNumber, last: this.#lastNumber, by: 0 });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  #moveSettled(): void {
    while (this.#settledNumber < this.#lastNumber && !this.#events.has(this.#settledNumber + 1))
      this.#settledNumber += 1;
  }

  /** @returns what is known of an id; undefined for a new one, which is known from now on. */
  #addId(id: string, event: OutgoingEvent, number: number): Added | undefined {
    this.#forgetOldIds();
    const hash = contentHash(event);
    const known = this.#ids.get(id);
    if (known === undefined) {
      this.#ids.set(id, { hash, number, at: this.#wallClock(), receipt: undefined });
      return undefined;
    }
    if (!equalBytes(hash, known.hash)) return { kind: 'conflict' };
    return { kind: 'duplicate', number: known.number, receipt: known.receipt };
  }

  #forgetOldIds(): void {
    const now = this.#wallClock();
    let steps = 0;
    for (const [id, { at, receipt }] of this.#ids) {
      if (steps++ === FORGET_STEPS || receipt === undefined || Math.abs(now - at) <= EVENT_ID_MS) return;
      this.#ids.delete(id);
    }
  }
}
