/**
 * PendingChunk: consecutive sequences of one queue, with the event and the status of each; five bytes a sequence. A run
 * of sequences that share one status and have no event needs no bytes for each.
 */
import type { SkipReason } from '../store.ts';

/** What a sequence is: waiting, settled, or a skip of a reason that is to be announced. */
export const STATUS = {
  waiting: 0,
  settled: 1,
  expired: 2,
  retention: 3,
  overflow: 4,
  'dead-letter': 5,
  purged: 6,
} as const;

export type Status = (typeof STATUS)[keyof typeof STATUS];

const REASONS: readonly (SkipReason | undefined)[] = [
  ...[undefined, undefined],
  ...(['expired', 'retention', 'overflow', 'dead-letter', 'purged'] as const),
];

/** The reason of a status; undefined where nothing was skipped. */
export function reasonOf(status: number): SkipReason | undefined {
  return REASONS[status];
}

export const CHUNK_SEQUENCES_MAX = 512;
const CAPACITY_MIN = 4;
const NONE_32 = new Uint32Array(0);
const NONE_8 = new Uint8Array(0);

export class PendingChunk {
  /** First sequence that it ever had: its name in checkpoints. */
  readonly key: number;
  /** First sequence. */
  first: number;
  count = 0;
  /** Events of the sequences that wait, by their slot in the pool. */
  slots: Uint32Array = NONE_32;
  statuses: Uint8Array = NONE_8;
  /** Sequences that are not settled. */
  open = 0;
  /** No event in it expires before. */
  expiresAtMin = Number.MAX_SAFE_INTEGER;
  /** Of a run: the status of every sequence. */
  runStatus: number | undefined;
  /** Of a run in a group: up to where somebody has it. */
  heldTo = 0;
  /** It differs from what the last checkpoint wrote. */
  isDirty = true;
  /** Position of the last batch that a checkpoint wrote it with: what that and earlier batches say is in it. */
  savedAt = -1;

  constructor(first: number, runStatus?: number, key = first) {
    this.key = key;
    this.first = first;
    this.runStatus = runStatus;
  }

  /** One past the last sequence. */
  get end(): number {
    return this.first + this.count;
  }

  get isFull(): boolean {
    return this.runStatus !== undefined || this.count >= CHUNK_SEQUENCES_MAX;
  }

  statusOf(sequence: number): number {
    return this.runStatus ?? this.statuses[sequence - this.first] ?? STATUS.settled;
  }

  slotOf(sequence: number): number {
    return this.slots[sequence - this.first] ?? 0;
  }

  /** Adds the next sequence. @param slot of its event, 0 for none. */
  append(status: number, slot: number): void {
    const index = this.count++;
    if (status !== STATUS.settled) this.open += 1;
    this.isDirty = true;
    if (this.runStatus !== undefined) return;
    if (index >= this.slots.length) this.#grow();
    this.slots[index] = slot;
    this.statuses[index] = status;
  }

  setStatus(sequence: number, status: number): void {
    if (status === STATUS.settled) this.open -= 1;
    this.isDirty = true;
    this.statuses[sequence - this.first] = status;
  }

  /** Of a run: the first `count` sequences are settled and leave it. */
  shorten(count: number): void {
    this.first += count;
    this.count -= count;
    this.open -= count;
    this.isDirty = true;
  }

  #grow(): void {
    const capacity = Math.min(Math.max(CAPACITY_MIN, this.slots.length * 4), CHUNK_SEQUENCES_MAX);
    const slots = new Uint32Array(capacity);
    slots.set(this.slots);
    this.slots = slots;
    const statuses = new Uint8Array(capacity);
    statuses.set(this.statuses);
    this.statuses = statuses;
  }
}
