/**
 * Steps: what a batch says about the state, one after the other. Numbers of steps keep their meaning for ever.
 *
 *   format u8 · sequence of the first event f64 · steps
 *
 * Each step names results, not wishes (which queues, which sequences), so that a replay decides nothing again.
 */
import type { NewEvent, QueueSpec, SkipReason } from '../store.ts';
import type { EventPlace } from '../state/event-pool.ts';
import { STATUS } from '../state/pending-chunk.ts';
import type { Producer } from '../state/producers.ts';
import { QUEUE_KINDS, type Queue } from '../state/queue.ts';
import type { IdHash } from '../state/recent-ids.ts';
import { RECORD_FORMAT } from './event-record.ts';
import type { RecordWriter } from './record-writer.ts';

export const STEP = {
  event: 1,
  producer: 2,
  queue: 3,
  queueDeleted: 4,
  settled: 5,
  settledTo: 6,
  skipsSettled: 7,
  failed: 8,
  skipped: 9,
  delivering: 10,
  released: 11,
  due: 12,
  producerDeleted: 13,
} as const;

/** Parts that the step of an event has. */
export const EVENT_PART = { expiry: 1, delay: 2, number: 4, id: 8, relaxed: 16 } as const;

/** Marks the entry of a queue that was full: a sequence without an event. */
export const OVERFLOW_BIT = 0x8000_0000;

/** From here on the number of a queue or an outbox is written in 64 bits, after this in its place. */
export const WIDE_INDEX = 0x7fff_ffff;

/** What an event step says beside its entries. */
export interface EventStep {
  readonly event: NewEvent;
  /** Length of its record; 0 where nobody wants the event. */
  readonly bytes: number;
  readonly contentHash: number;
  readonly producer: Producer | undefined;
  readonly idHash: IdHash | undefined;
  readonly isDelayed: boolean;
}

/** Begins the head of a batch. */
export function writeHeadStart(writer: RecordWriter, firstEventSequence: number): void {
  writer.u8(RECORD_FORMAT);
  writer.f64(firstEventSequence);
}

/** Writes an event without its entries; `writeEntries` follows. */
export function writeEventStep(writer: RecordWriter, step: EventStep): void {
  const { event, bytes, contentHash, producer, idHash, isDelayed } = step;
  const hasExpiry = event.expiresAt < Number.MAX_SAFE_INTEGER;
  let parts = 0;
  if (hasExpiry) parts |= EVENT_PART.expiry;
  if (isDelayed) parts |= EVENT_PART.delay;
  if (producer !== undefined) parts |= EVENT_PART.number;
  if (idHash !== undefined) parts |= EVENT_PART.id;
  if (event.durability === 'relaxed') parts |= EVENT_PART.relaxed;
  writer.u8(STEP.event);
  writer.u8(parts);
  writer.u32(bytes);
  writer.u32(contentHash);
  writer.f64(event.publishedAt);
  if (hasExpiry) writer.f64(event.expiresAt);
  if (isDelayed) {
    writer.f64(event.dueAt);
    writer.text(event.to);
  }
  if (producer !== undefined && event.dedup.kind === 'number') {
    writeIndex(writer, producer.index);
    writer.f64(event.dedup.number);
    writer.f64(event.dedup.settledNumber);
  }
  if (idHash !== undefined) {
    writer.u32(idHash.low);
    writer.u32(idHash.high);
  }
}

/** Writes the queues that an event reaches, each with the sequence that it gets there: before they get it. */
export function writeEntries(writer: RecordWriter, queues: readonly Queue[], isFull: (queue: Queue) => boolean): void {
  writer.u32(queues.length);
  for (const queue of queues) {
    writeIndex(writer, queue.index, isFull(queue) ? OVERFLOW_BIT : 0);
    writer.f64(queue.nextSequence);
  }
}

export function writeProducerStep(writer: RecordWriter, { index, agentId, producerId }: Producer): void {
  writer.u8(STEP.producer);
  writeIndex(writer, index);
  writer.text(agentId);
  writer.text(producerId);
}

export function writeProducerDeletedStep(writer: RecordWriter, { index }: Producer): void {
  writer.u8(STEP.producerDeleted);
  writeIndex(writer, index);
}

export function writeQueueStep(writer: RecordWriter, index: number, spec: QueueSpec): void {
  writer.u8(STEP.queue);
  writeIndex(writer, index);
  writeQueueSpec(writer, spec);
}

/** A queue's kind, holder and pattern. */
export function writeQueueSpec(writer: RecordWriter, spec: QueueSpec): void {
  writer.u8(QUEUE_KINDS.indexOf(spec.kind));
  writer.text(spec.kind === 'group' ? spec.group : spec.agentId);
  writer.text(spec.kind === 'agent' ? '' : spec.pattern);
}

/** A step that names a queue and nothing else. */
export function writeQueueMark(writer: RecordWriter, step: number, queue: Queue): void {
  writer.u8(step);
  writeIndex(writer, queue.index);
}

/** A step that names a queue and a sequence. */
export function writeSequenceStep(writer: RecordWriter, step: number, queue: Queue, sequence: number): void {
  writer.u8(step);
  writeIndex(writer, queue.index);
  writer.f64(sequence);
}

export function writeFailedStep(
  writer: RecordWriter,
  queue: Queue,
  failure: { readonly sequence: number; readonly at: number; readonly reason: string },
): void {
  writeSequenceStep(writer, STEP.failed, queue, failure.sequence);
  writer.f64(failure.at);
  writer.text(failure.reason);
}

export function writeSkippedStep(
  writer: RecordWriter,
  queue: Queue,
  skip: { readonly from: number; readonly to: number; readonly reason: SkipReason },
): void {
  writeSequenceStep(writer, STEP.skipped, queue, skip.from);
  writer.f64(skip.to);
  writer.u8(STATUS[skip.reason]);
}

/** A delayed event is due; its entries follow. */
export function writeDueStep(writer: RecordWriter, place: EventPlace): void {
  writer.u8(STEP.due);
  writePlace(writer, place);
}

export function writePlace(writer: RecordWriter, place: EventPlace): void {
  writer.f64(place.sequence);
  writer.f64(place.position);
  writer.u32(place.bytes);
  writer.f64(place.publishedAt);
  writer.f64(place.expiresAt);
}

function writeIndex(writer: RecordWriter, index: number, flag = 0): void {
  const isWide = index >= WIDE_INDEX;
  writer.u32(((isWide ? WIDE_INDEX : index) | flag) >>> 0);
  if (isWide) writer.f64(index);
}
