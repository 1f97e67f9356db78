/**
 * State rows: parts of the state as a checkpoint writes them and a start reads them. Each is sealed twice and begins with
 * its format and the position up to which the log is in it.
 */
import type { DelayedEvent } from '../state/delayed-events.ts';
import type { DeliveryState } from '../state/delivery-state.ts';
import { PendingChunk, STATUS } from '../state/pending-chunk.ts';
import type { Producer } from '../state/producers.ts';
import type { Failures } from '../state/queue-content.ts';
import type { Queue } from '../state/queue.ts';
import type { IdHour } from '../state/recent-ids.ts';
import { RECORD_FORMAT } from './event-record.ts';
import { STATE_KIND, type StateRow } from './log-device.ts';
import { RecordReader } from './record-reader.ts';
import { RecordWriter } from './record-writer.ts';
import { readPlace, readQueueSpec } from './replay.ts';
import { sealTwice } from './sealed-twice.ts';
import { writePlace, writeQueueSpec } from './steps.ts';

/** Ids of one hour that one row holds. */
export const IDS_PER_ROW = 4_096;

const writer = new RecordWriter();

export function encodeQueue(queue: Queue, savedAt: number): StateRow {
  begin(savedAt);
  writeQueueSpec(writer, queue.spec);
  writer.f64(queue.settledTo);
  writer.f64(queue.deliveredTo);
  writer.u8(queue.isDelivering ? 1 : 0);
  writeFailures(queue.content?.failures);
  writer.f64(queue.nextSequence);
  return seal(STATE_KIND.queue, queue.index, 0);
}

export function encodeChunk(state: DeliveryState, queue: Queue, chunk: PendingChunk, savedAt: number): StateRow {
  begin(savedAt);
  writer.u32(chunk.count);
  writer.u8(chunk.runStatus ?? STATUS.waiting);
  if (chunk.runStatus !== undefined) writer.f64(chunk.first);
  else {
    for (let index = 0; index < chunk.count; index++) {
      const status = chunk.statuses[index] ?? STATUS.settled;
      writer.u8(status);
      if (status === STATUS.waiting) writePlace(writer, state.pool.placeOf(chunk.slots[index] ?? 0));
    }
  }
  return seal(STATE_KIND.chunk, queue.index, chunk.key);
}

export function encodeProducer(producer: Producer, savedAt: number): StateRow {
  begin(savedAt);
  writer.text(producer.agentId);
  writer.text(producer.producerId);
  writer.f64(producer.number);
  writer.f64(producer.settledNumber);
  writer.f64(producer.usedAt);
  writer.u32(producer.receipts.length);
  for (const [number, { sequence, isRelaxed, contentHash }] of producer.receipts.entries()) {
    writer.f64(number);
    writer.f64(sequence);
    writer.u8(isRelaxed ? 1 : 0);
    writer.u32(contentHash);
  }
  return seal(STATE_KIND.producer, producer.index, 0);
}

/** @param part which `IDS_PER_ROW` of the hour. */
export function encodeIds(hour: IdHour, part: number, savedAt: number): StateRow {
  begin(savedAt);
  const from = part * IDS_PER_ROW;
  const to = Math.min(hour.count, from + IDS_PER_ROW);
  writer.u32(to - from);
  for (let entry = from; entry < to; entry++) {
    const { low, high } = hour.hashAt(entry);
    const { sequence, contentHash } = hour.knownAt(entry);
    writer.u32(low);
    writer.u32(high);
    writer.u32(contentHash);
    writer.f64(sequence);
  }
  return seal(STATE_KIND.ids, hour.hour, part);
}

export function encodeDelayed(state: DeliveryState, event: DelayedEvent, savedAt: number): StateRow {
  begin(savedAt);
  writePlace(writer, state.pool.placeOf(event.slot));
  writer.f64(event.dueAt);
  writer.text(event.to);
  writer.text(event.from);
  return seal(STATE_KIND.delayed, event.sequence, 0);
}

/** A state row, its seal opened. */
export interface OpenRow {
  readonly kind: number;
  readonly id: number;
  readonly part: number;
  readonly bytes: Uint8Array;
}

/**
 * Puts a queue, a producer or a delayed event into the state.
 *
 * @returns up to where the log is in it.
 * @throws RangeError when the row makes no sense.
 */
export function restoreRow(state: DeliveryState, row: OpenRow): number {
  const reader = new RecordReader(row.bytes);
  if (reader.u8() !== RECORD_FORMAT) throw new RangeError('it has another format');
  const savedAt = reader.f64();
  if (row.kind === STATE_KIND.queue) restoreQueue(state, row.id, reader);
  else if (row.kind === STATE_KIND.chunk) restoreChunk(state, row, reader, savedAt);
  else if (row.kind === STATE_KIND.producer) restoreProducer(state, row.id, reader);
  else if (row.kind === STATE_KIND.ids) restoreIds(state, row, reader);
  else if (row.kind === STATE_KIND.delayed) restoreDelayed(state, reader);
  else throw new RangeError(`it has the unknown kind ${row.kind}`);
  return savedAt;
}

function restoreQueue(state: DeliveryState, index: number, reader: RecordReader): void {
  const queue = state.restoreQueue(index, readQueueSpec(reader));
  queue.settledTo = reader.f64();
  queue.deliveredTo = reader.f64();
  queue.isDelivering = reader.u8() === 1;
  const failures = readFailures(reader);
  // Chunks were written before it: what a chunk does not have, up to the next sequence, is done.
  queue.nextSequence = reader.isAtEnd ? queue.settledTo + 1 : reader.f64();
  if (failures !== undefined) queue.fill().failures = failures;
}

/** Rows of queues come before those of their chunks. */
function restoreChunk(state: DeliveryState, row: OpenRow, reader: RecordReader, savedAt: number): void {
  const queue = state.queues.at(row.id);
  if (queue === undefined) return;
  const count = reader.u32();
  const runStatus = reader.u8();
  const isRun = runStatus !== STATUS.waiting;
  const first = isRun && !reader.isAtEnd ? reader.f64() : row.part;
  const content = queue.fill();
  if (first + count <= queue.settledTo + 1) {
    content.noteRemoved(row.part);
    state.markDirty(queue);
    return;
  }
  const chunk = new PendingChunk(first, isRun ? runStatus : undefined, row.part);
  for (let index = 0; index < count; index++) {
    const status = isRun ? runStatus : reader.u8();
    if (status !== STATUS.waiting) {
      chunk.append(status, 0);
      continue;
    }
    const slot = state.pool.add(readPlace(reader), 1);
    chunk.append(status, slot);
    chunk.expiresAtMin = Math.min(chunk.expiresAtMin, state.pool.expiresAtOf(slot));
    content.waiting += 1;
    content.waitingBytes += state.pool.bytesOf(slot);
    state.waiting += 1;
  }
  chunk.savedAt = savedAt;
  chunk.isDirty = false;
  content.restore(chunk);
}

function restoreProducer(state: DeliveryState, index: number, reader: RecordReader): void {
  const producer = state.producers.add(index, { agentId: reader.text(), producerId: reader.text() });
  producer.number = reader.f64();
  producer.settledNumber = reader.f64();
  producer.usedAt = reader.f64();
  for (let left = reader.u32(); left > 0; left--) {
    const number = reader.f64();
    const sequence = reader.f64();
    const isRelaxed = reader.u8() === 1;
    producer.receipts.insert(number, { sequence, isRelaxed, contentHash: reader.u32() });
  }
}

function restoreIds(state: DeliveryState, row: OpenRow, reader: RecordReader): void {
  const hour = state.recentIds.hourOf(row.id);
  for (let left = reader.u32(); left > 0; left--) {
    const hash = { low: reader.u32(), high: reader.u32() };
    const contentHash = reader.u32();
    hour.add(hash, { sequence: reader.f64(), contentHash });
  }
  hour.savedCount = hour.count;
}

function restoreDelayed(state: DeliveryState, reader: RecordReader): void {
  const place = readPlace(reader);
  const slot = state.pool.add(place, 1);
  const [dueAt, to] = [reader.f64(), reader.text()];
  const from = reader.isAtEnd ? '' : reader.text();
  state.delayed.add({ sequence: place.sequence, slot, dueAt, to, from, bytes: place.bytes });
}

function begin(savedAt: number): void {
  writer.length = 0;
  writer.u8(RECORD_FORMAT);
  writer.f64(savedAt);
}

function seal(kind: number, id: number, part: number): StateRow {
  return { kind, id, part, data: sealTwice(writer.buffer.subarray(0, writer.length)) };
}

function writeFailures(failures: ReadonlyMap<number, Failures> | undefined): void {
  writer.u32(failures?.size ?? 0);
  for (const [sequence, { count, history }] of failures ?? []) {
    writer.f64(sequence);
    writer.u32(count);
    writer.u8(history.length);
    for (const { at, reason } of history) {
      writer.f64(at);
      writer.text(reason);
    }
  }
}

function readFailures(reader: RecordReader): Map<number, Failures> | undefined {
  const size = reader.u32();
  if (size === 0) return undefined;
  const failures = new Map<number, Failures>();
  for (let left = size; left > 0; left--) {
    const sequence = reader.f64();
    const count = reader.u32();
    const history = [];
    for (let reasons = reader.u8(); reasons > 0; reasons--) history.push({ at: reader.f64(), reason: reader.text() });
    failures.set(sequence, { count, history });
  }
  return failures;
}
