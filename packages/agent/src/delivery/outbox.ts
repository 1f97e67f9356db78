/**
 * Outbox: events that this side accepted and whose receipts it does not know yet, numbered in order. One port; a lane of a
 * data directory (`SqliteOutbox`) and memory stand behind it.
 *
 *   add → stored (durable here) → sent → receipt → settle
 *
 * An outbox has one owner. It knows nothing of connections; those are the publisher's.
 */
import type { Receipt } from './receipt.ts';

/** An event as it will travel. */
export interface OutgoingEvent {
  /** `agent:ID` or `topic:NAME`. */
  readonly to: string;
  /** Given by the program; null for one made of the outbox and the number. */
  readonly eventId: string | null;
  readonly contentType: string | null;
  /** Not changed by anybody from now on. */
  readonly body: Uint8Array;
  /** 0 for the retention of the queue. Counts from the moment at which the server takes the event. */
  readonly ttlMs: number;
  readonly delayMs: number;
  readonly relaxed: boolean;
}

/** An event in an outbox. */
export interface QueuedEvent extends OutgoingEvent {
  readonly number: number;
}

/** What became of an event that was added. */
export type Added =
  | { readonly kind: 'stored' }
  /** The program gave this id, with the same content, within the last 24 h. */
  | { readonly kind: 'duplicate'; readonly number: number; readonly receipt: Receipt | undefined }
  /** The program gave this id with other content. */
  | { readonly kind: 'conflict' };

/** Events whose numbers changed: those above `first` and up to `last`, each by as much. */
export interface Moved {
  readonly first: number;
  readonly last: number;
  readonly by: number;
}

/** How much is read at once; at least one event. */
export interface ReadLimits {
  readonly eventsMax: number;
  readonly bytesMax: number;
}

/** Bounds of an outbox; it is full at the first that is reached. */
export interface OutboxLimits {
  readonly eventsMax: number;
  readonly bytesMax: number;
  /** Free space of the disk below which nothing is taken. */
  readonly freeDiskBytesMin: number;
}

/** Defaults: what a server keeps for one queue, and room for the machine's other programs. */
export const DEFAULT_OUTBOX_LIMITS: OutboxLimits = {
  eventsMax: 1_000_000,
  bytesMax: 1_073_741_824,
  freeDiskBytesMin: 67_108_864,
};

/** How long an id given by the program is remembered. */
export const EVENT_ID_MS = 86_400_000;

export interface Outbox {
  /** Random name of this outbox, 16 characters of base64url. */
  readonly producerId: string;
  /** The highest number given so far. */
  readonly lastNumber: number;
  /** Every number up to this one has left, and will not come back after a crash. */
  readonly settledNumber: number;
  /** Events of higher numbers were never sent over any connection. */
  readonly sentNumber: number;
  /** Events that wait, and their bytes. */
  readonly waiting: { readonly events: number; readonly bytes: number };
  /**
   * Takes an event and numbers it at once. `added` resolves when it is durable, in order of numbers; it is no promise where
   * that is at once.
   *
   * @throws ProtocolError `E_OUTBOX_FULL`, `E_BUSY`; then nothing was taken. `added` rejects with `E_OUTBOX_FULL` when the
   *   disk is full and StorageError `E_STORAGE` when it fails.
   */
  add(event: OutgoingEvent): { readonly number: number; readonly added: Added | Promise<Added> };
  /** Durable events above a number, in order. */
  read(after: number, limits: ReadLimits): Promise<readonly QueuedEvent[]>;
  /** From now on, or no longer, events are sent as soon as they are durable. Resolves when all that is there may be sent. */
  useSending(sending: boolean): Promise<void>;
  /** An event leaves: its receipt came, or it was refused for good. */
  settle(event: QueuedEvent, receipt: Receipt | undefined): void;
  /** The receipt of an id given by the program, once everything settled so far is written down. */
  receiptOf(eventId: string): Promise<Receipt | undefined>;
  /**
   * The server knows numbers up to `number` that this outbox did not give: it was restored from a copy. Events that were
   * never sent move above it, and so do numbers to come.
   */
  moveAbove(number: number): Promise<Moved>;
  /** Writes down what was settled, and gives the outbox up for others. */
  close(): Promise<void>;
}

/** An event with its number. Field by field: there is one for every event that is published. */
export function numbered(event: OutgoingEvent, number: number): QueuedEvent {
  const { to, eventId, contentType, body, ttlMs, delayMs, relaxed } = event;
  return { to, eventId, contentType, body, ttlMs, delayMs, relaxed, number };
}

/** Id of an event whose program gave none (docs/protocols/delivery.md §3). */
export function eventIdOf(producerId: string, event: QueuedEvent): string {
  return event.eventId ?? `${producerId}-${event.number}`;
}

/** What an event counts beside its texts and its body. */
export const EVENT_OVERHEAD_BYTES = 64;

/** Bytes that an event counts: its body, and what stands beside it. */
export function eventBytes(event: OutgoingEvent): number {
  return event.body.length + event.to.length + (event.eventId?.length ?? 0) + EVENT_OVERHEAD_BYTES;
}
