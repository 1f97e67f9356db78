/** Replay: does the steps of a batch to a state that a checkpoint or earlier batches left. */
import { STATUS, type Status } from '../state/pending-chunk.ts';
import type { DeliveryState } from '../state/delivery-state.ts';
import type { EventPlace } from '../state/event-pool.ts';
import { QUEUE_KINDS, type Queue } from '../state/queue.ts';
import type { QueueSpec } from '../store.ts';
import { RECORD_FORMAT } from './event-record.ts';
import type { RecordReader } from './record-reader.ts';
import { EVENT_PART, OVERFLOW_BIT, STEP, WIDE_INDEX } from './steps.ts';

/** Who published an event that came from no outbox. */
const SERVER = 'server';

/** What a replay is done to. */
export interface ReplayTarget {
  readonly state: DeliveryState;
  /** Position of the last batch that a checkpoint wrote this queue with; -1 for none. */
  readonly savedAt: (queue: Queue) => number;
}

/**
 * Does the steps of one batch.
 *
 * @param position of the batch, and of the first record in it.
 * @throws RangeError when the head makes no sense: another format, or damage.
 */
export function replayHead(target: ReplayTarget, reader: RecordReader, position: number): void {
  if (reader.u8() !== RECORD_FORMAT) throw new RangeError('it has another format');
  const batch = { ...target, reader, position, nextRecord: position };
  // A checkpoint ends later than it began: its own number is ahead of the batches that are replayed over it.
  target.state.nextEventSequence = reader.f64();
  while (!reader.isAtEnd) replayStep(batch, reader.u8());
}

interface Batch extends ReplayTarget {
  readonly reader: RecordReader;
  readonly position: number;
  /** Position of the next event record. */
  nextRecord: number;
}

function replayStep(batch: Batch, step: number): void {
  const { state, reader } = batch;
  switch (step) {
    case STEP.event: {
      replayEvent(batch);
      return;
    }
    case STEP.due: {
      replayDue(batch);
      return;
    }
    case STEP.producer:
      state.producers.add(readIndex(reader), { agentId: reader.text(), producerId: reader.text() });
      return;
    case STEP.producerDeleted: {
      const producer = state.producers.at(readIndex(reader));
      if (producer !== undefined) state.deleteProducer(producer);
      return;
    }
    case STEP.queue: {
      const index = readIndex(reader);
      state.openQueue(index, readQueueSpec(reader));
      return;
    }
    default:
      replayQueueStep(batch, step);
  }
}

function replayQueueStep(batch: Batch, step: number): void {
  const { state, reader, position } = batch;
  const queue = state.queues.at(readIndex(reader));
  switch (step) {
    case STEP.queueDeleted:
      if (queue !== undefined) state.deleteQueue(queue);
      return;
    case STEP.delivering:
      if (queue !== undefined && isLater(batch, queue)) state.beginDelivery(queue);
      return;
    default: {
      const sequence = reader.f64();
      if (step === STEP.settled) {
        if (queue !== undefined) state.settle(queue, sequence, position);
      } else if (step === STEP.settledTo) {
        if (queue !== undefined) state.settleTo(queue, sequence, position);
      } else if (step === STEP.skipsSettled) {
        if (queue !== undefined) state.settleSkips(queue, sequence, position);
      } else if (step === STEP.released) {
        if (queue !== undefined && isLater(batch, queue)) state.release(queue, sequence);
      } else replaySequenceStep(batch, step, queue, sequence);
    }
  }
}

function replaySequenceStep(batch: Batch, step: number, queue: Queue | undefined, sequence: number): void {
  const { state, reader, position } = batch;
  if (step === STEP.failed) {
    const failure = { at: reader.f64(), reason: reader.text() };
    if (queue !== undefined && isLater(batch, queue)) state.fail(queue, sequence, failure);
  } else if (step === STEP.skipped) {
    const to = reader.f64();
    const status = statusOf(reader.u8());
    if (queue !== undefined) state.skip(queue, { from: sequence, to }, status, position);
  } else throw new RangeError(`it has an unknown step ${step}`);
}

function isLater({ position, savedAt }: Batch, queue: Queue): boolean {
  return position > savedAt(queue);
}

function replayEvent(batch: Batch): void {
  const { state, reader } = batch;
  const parts = reader.u8();
  const bytes = reader.u32();
  const contentHash = reader.u32();
  const publishedAt = reader.f64();
  const expiresAt = parts & EVENT_PART.expiry ? reader.f64() : Number.MAX_SAFE_INTEGER;
  const sequence = state.nextEventSequence++;
  const place: EventPlace = { sequence, position: batch.nextRecord, bytes, publishedAt, expiresAt };
  batch.nextRecord += bytes;
  const delay = parts & EVENT_PART.delay ? { dueAt: reader.f64(), to: reader.text() } : undefined;
  let from = SERVER;
  if (parts & EVENT_PART.number) {
    const producer = state.producers.at(readIndex(reader));
    if (producer !== undefined) from = `agent:${producer.agentId}`;
    const number = reader.f64();
    const receipt = { sequence, isRelaxed: (parts & EVENT_PART.relaxed) !== 0, contentHash };
    producer?.note(number, reader.f64(), receipt);
    if (producer !== undefined) state.markProducerDirty(producer);
  }
  if (parts & EVENT_PART.id) {
    const hash = { low: reader.u32(), high: reader.u32() };
    state.recentIds.add(hash, { sequence, contentHash }, publishedAt);
  }
  if (delay !== undefined && state.delayed.get(sequence) === undefined)
    state.delayed.add({ ...delay, sequence, from, bytes, slot: state.pool.add(place, 1) });
  replayEntries(batch, place);
}

function replayDue(batch: Batch): void {
  const { state, reader } = batch;
  const place = readPlace(reader);
  const delayed = state.delayed.delete(place.sequence);
  replayEntries(batch, place);
  if (delayed !== undefined) state.pool.release(delayed.slot);
}

/** Entries that are new to their queues get the event; the others have it from a checkpoint, or are settled. */
function replayEntries(batch: Batch, place: EventPlace): void {
  const { state, reader } = batch;
  let slot = -1;
  for (let left = reader.u32(); left > 0; left--) {
    const entry = reader.u32();
    const queue = state.queues.at(readIndex(reader, (entry & ~OVERFLOW_BIT) >>> 0));
    const sequence = reader.f64();
    if (queue === undefined || sequence < queue.nextSequence) continue;
    // Sequences between were settled before the checkpoint that wrote the queue.
    queue.nextSequence = sequence;
    if (entry & OVERFLOW_BIT) {
      state.appendSkip(queue, STATUS.overflow);
      continue;
    }
    if (slot < 0) slot = state.pool.add(place, 1);
    else state.pool.hold(slot);
    state.append(queue, slot);
  }
}

/** @throws RangeError. */
export function readQueueSpec(reader: RecordReader): QueueSpec {
  const kind = QUEUE_KINDS[reader.u8()];
  const holder = reader.text();
  const pattern = reader.text();
  if (kind === undefined) throw new RangeError('it has a queue of an unknown kind');
  if (kind === 'agent') return { kind, agentId: holder };
  return kind === 'group' ? { kind, group: holder, pattern } : { kind, agentId: holder, pattern };
}

/** @throws RangeError. */
export function readPlace(reader: RecordReader): EventPlace {
  return {
    sequence: reader.f64(),
    position: reader.f64(),
    bytes: reader.u32(),
    publishedAt: reader.f64(),
    expiresAt: reader.f64(),
  };
}

/** @param first what is written in its place. */
function readIndex(reader: RecordReader, first = reader.u32()): number {
  return first === WIDE_INDEX ? reader.f64() : first;
}

function statusOf(value: number): Status {
  const status = Object.values(STATUS).find((each) => each === value);
  if (status === undefined) throw new RangeError(`it has an unknown status ${value}`);
  return status;
}
