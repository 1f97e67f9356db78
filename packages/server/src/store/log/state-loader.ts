/**
 * StateLoader: builds the state at start from what the last checkpoint wrote and the steps of the batches after it.
 *
 *   sizes of batches → state rows, queues first → heads, replayed → queues whose consumers were cut off
 */
import { explained } from '@sealane/node/config';
import { ConfigError } from '@sealane/shared/errors';
import type { DeliveryState } from '../state/delivery-state.ts';
import type { Queue } from '../state/queue.ts';
import { STATE_KIND, type BatchHead, type LogDevice, type OpenedLog, type StateRow } from './log-device.ts';
import { RecordReader } from './record-reader.ts';
import { replayHead } from './replay.ts';
import type { RowTable } from './row-table.ts';
import { openEither } from './sealed-twice.ts';
import { restoreRow } from './state-rows.ts';

export interface LoadTarget {
  readonly device: LogDevice;
  readonly state: DeliveryState;
  readonly rows: RowTable;
  readonly opened: OpenedLog;
  /** A copy of something was damaged; the other one served. */
  readonly onRepaired: (what: string) => void;
}

/** What a start found. */
export interface Loaded {
  /** Where the next batch goes. */
  readonly position: number;
  /** Batches that were replayed. */
  readonly replayed: number;
}

/** @throws ConfigError `E_DATA` when both copies of something are damaged. */
export async function loadState(target: LoadTarget): Promise<Loaded> {
  const { device, state, rows, opened } = target;
  const { mark } = opened;
  let position = mark.nextPosition;
  for await (const sizes of device.batchSizes()) {
    for (const batch of sizes) {
      rows.open(batch.position);
      rows.close(batch.recordBytes);
      position = Math.max(position, batch.position + Math.max(1, batch.recordBytes));
    }
  }
  state.nextEventSequence = mark.nextEventSequence;
  state.queues.nextIndex = mark.nextQueueIndex;
  state.producers.nextIndex = mark.nextProducerIndex;
  const savedAt = await loadRows(target);
  let replayed = 0;
  for await (const heads of device.heads(mark.replayFrom)) {
    for (const head of heads) replayBatch(target, head, (queue) => savedAt.get(queue.index) ?? -1);
    replayed += heads.length;
  }
  state.nextEventSequence = Math.max(state.nextEventSequence, mark.nextEventSequence);
  for (const queue of state.queues.all()) finishQueue(state, queue);
  rows.setReplayFrom(mark.replayFrom);
  return { position, replayed };
}

/** @returns up to where the log is in the queues that were written after the checkpoint began. */
async function loadRows({ device, state, opened, onRepaired }: LoadTarget): Promise<ReadonlyMap<number, number>> {
  const savedAt = new Map<number, number>();
  const filled = new Set<number>();
  for await (const rows of device.states()) {
    for (const row of rows) {
      const at = loadRow(state, row, onRepaired);
      if (row.kind === STATE_KIND.queue && at >= opened.mark.replayFrom) savedAt.set(row.id, at);
      else if (row.kind === STATE_KIND.chunk) filled.add(row.id);
    }
  }
  for (const index of filled) orderQueue(state.queues.at(index));
  state.delayed.changed = [];
  return savedAt;
}

function loadRow(state: DeliveryState, row: StateRow, onRepaired: LoadTarget['onRepaired']): number {
  const what = `part ${row.kind}/${row.id}/${row.part} of the state`;
  const opened = openEither(row.data);
  if (opened === undefined) throw damaged(`Both copies of ${what} are damaged`);
  if (opened.isDamaged) onRepaired(what);
  try {
    return restoreRow(state, { kind: row.kind, id: row.id, part: row.part, bytes: opened.bytes });
  } catch (error) {
    if (error instanceof RangeError) throw damaged(`Cannot use ${what}: ${error.message}`);
    throw error;
  }
}

/** Chunks are in order now; the next sequence comes after the last one that is known. */
function orderQueue(queue: Queue | undefined): void {
  const content = queue?.content;
  if (queue === undefined || !content) return;
  content.sortRestored();
  const end = content.chunkAt(content.chunkCount - 1)?.end ?? 0;
  queue.nextSequence = Math.max(queue.nextSequence, end);
}

function replayBatch(target: LoadTarget, { position, head }: BatchHead, savedAt: (queue: Queue) => number): void {
  const what = `batch ${position} of the log`;
  const opened = openEither(head);
  if (opened === undefined) throw damaged(`Both copies of ${what} are damaged`);
  if (opened.isDamaged) target.onRepaired(what);
  try {
    replayHead({ state: target.state, savedAt }, new RecordReader(opened.bytes), position);
  } catch (error) {
    if (error instanceof RangeError) throw damaged(`Cannot use ${what}: ${error.message}`);
    throw error;
  }
}

function finishQueue(state: DeliveryState, queue: Queue): void {
  if (queue.isDelivering) state.release(queue, queue.nextSequence - 1);
  const { content } = queue;
  if (content === null) {
    queue.settledTo = queue.nextSequence - 1;
    return;
  }
  state.settleBehind(queue);
  content.visibleTo = queue.nextSequence - 1;
  if (content.isEmpty && !content.failures?.size && content.removed === undefined) queue.content = null;
}

function damaged(message: string): ConfigError {
  return explained(new ConfigError('E_DATA', message), {
    next: 'Restore the store from a backup with `sealane-server restore`; the damaged file stays as it is.',
  });
}
