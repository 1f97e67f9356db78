/**
 * What an agent says at Subscribe that it is done with (docs/protocols/delivery.md §4): acks that were lost on the way. It
 * counts only for the lineage that the queue has. Who is done with what the queue does not have yet knew a past that the
 * server lost, as after a restore of its machine: what it says is about other events, and counts for nothing. Of a group,
 * of which each agent knows only its own part, single sequences count and the cursor does not.
 */
import { equalBytes } from '@sealane/shared/bytes';
import type { Subscribe } from '@sealane/shared/packets';
import type { QueueInfo, Settlement } from '../store/index.ts';

export interface Done {
  readonly settlements: readonly Settlement[];
  readonly isDone: (sequence: number) => boolean;
}

/** @returns undefined where it is nothing new. */
export function doneBy({ lineage, cursor, doneBitmap }: Subscribe, info: QueueInfo): Done | undefined {
  if (lineage === null || !equalBytes(lineage, info.lineage)) return undefined;
  const { settledTo, nextSequence } = info;
  const claimed = sequencesOf(doneBitmap, cursor);
  if ((claimed.at(-1) ?? cursor) >= nextSequence) return undefined;
  const doneTo = info.spec.kind === 'group' ? 0 : cursor;
  const single = claimed.filter((sequence) => sequence > Math.max(settledTo, doneTo));
  const settlements: Settlement[] = single.map((sequence) => ({ kind: 'acked', sequence }));
  if (doneTo > settledTo) settlements.unshift({ kind: 'acked-to', sequence: doneTo });
  if (settlements.length === 0) return undefined;
  const singles = new Set(single);
  return { settlements, isDone: (sequence) => sequence <= doneTo || singles.has(sequence) };
}

function sequencesOf(bitmap: Uint8Array, cursor: number): number[] {
  const sequences: number[] = [];
  for (let index = 0; index < bitmap.length * 8; index++) {
    if ((((bitmap[index >> 3] ?? 0) >> (index & 7)) & 1) === 1) sequences.push(cursor + 1 + index);
  }
  return sequences;
}
