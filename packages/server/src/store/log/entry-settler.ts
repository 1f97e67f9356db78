/** EntrySettler: ends entries of queues (docs/protocols/delivery.md §5 to §7): acks, failures, dead letters, what is dropped. */
import { STATUS } from '../state/pending-chunk.ts';
import { queueIndexOf, type Queue } from '../state/queue.ts';
import type { Lease, Settlement, SkipReason } from '../store.ts';
import { STEP, writeFailedStep, writeSequenceStep, writeSkippedStep } from './steps.ts';
import type { StoreCore } from './store-core.ts';

/** An entry that becomes a dead letter. */
interface Burial {
  readonly sequence: number;
  readonly reason: string;
  readonly at: number;
  /** Its record is damaged. */
  readonly isLost?: boolean;
}

/** Settlements ride along with the next commit, or make one after this long. */
const RIDE_MS = 50;
/** Characters of a reason that are kept. */
const REASON_CHARACTERS_MAX = 1_024;

export class EntrySettler {
  readonly #core: StoreCore;
  /** Whether a settlement of this call has to be announced, and so committed at once. */
  #hasSkips = false;

  constructor(core: StoreCore) {
    this.#core = core;
  }

  /** @throws StorageError `E_FENCED`. */
  settle(queueId: string, settlements: readonly Settlement[], lease: Lease): Promise<undefined> {
    const { state, leases, committer } = this.#core;
    const queue = state.queues.at(queueIndexOf(queueId));
    if (queue === undefined) return committer.within(RIDE_MS);
    leases.check(queue, lease);
    this.#hasSkips = false;
    for (const settlement of settlements) this.#settleOne(queue, settlement);
    return this.#sawSkips() ? committer.soon() : committer.within(RIDE_MS);
  }

  /** Whether a settlement of the present call made a skip. */
  #sawSkips(): boolean {
    return this.#hasSkips;
  }

  /** Takes a run of waiting entries out; its sequences are announced. */
  skip(queue: Queue, skip: { readonly from: number; readonly to: number; readonly reason: SkipReason }): void {
    const { state, committer } = this.#core;
    writeSkippedStep(committer.head, queue, skip);
    state.skip(queue, skip, STATUS[skip.reason], committer.batchPosition);
    committer.touch(queue);
    this.#hasSkips = true;
  }

  /** An entry becomes a dead letter. */
  bury(queue: Queue, { sequence, reason, at, isLost = false }: Burial): void {
    const { state, committer } = this.#core;
    const slot = this.#slotOf(queue, sequence);
    if (slot === undefined) return;
    const failures = queue.content?.failures?.get(sequence);
    const { position, bytes } = state.pool.placeOf(slot);
    committer.side.deadLetters.push({
      id: `${queue.queueId}-${sequence}`,
      queueId: queue.queueId,
      subscription: queue.words,
      reason: cut(reason),
      attempts: (failures?.count ?? 0) + 1,
      history: [...(failures?.history ?? []), { at, reason: cut(reason) }].slice(-HISTORY_MAX),
      deadAt: at,
      position,
      bytes: isLost ? 0 : bytes,
    });
    this.skip(queue, { from: sequence, to: sequence, reason: 'dead-letter' });
  }

  #settleOne(queue: Queue, settlement: Settlement): void {
    const { state, committer } = this.#core;
    const at = committer.batchPosition;
    switch (settlement.kind) {
      case 'acked':
        if (!this.#isOpen(queue, settlement.sequence)) return;
        writeSequenceStep(committer.head, STEP.settled, queue, settlement.sequence);
        state.settle(queue, settlement.sequence, at);
        return;
      case 'acked-to': {
        const sequence = Math.min(settlement.sequence, queue.visibleTo);
        if (sequence <= queue.settledTo) return;
        writeSequenceStep(committer.head, STEP.settledTo, queue, sequence);
        state.settleTo(queue, sequence, at);
        return;
      }
      case 'skip-seen': {
        const to = Math.min(settlement.to, queue.visibleTo);
        if (to <= queue.settledTo) return;
        writeSequenceStep(committer.head, STEP.skipsSettled, queue, to);
        state.settleSkips(queue, to, at);
        return;
      }
      case 'failed': {
        const { sequence } = settlement;
        if (this.#slotOf(queue, sequence) === undefined) return;
        const failure = { sequence, at: settlement.at, reason: cut(settlement.reason) };
        writeFailedStep(committer.head, queue, failure);
        state.fail(queue, sequence, { at: failure.at, reason: failure.reason });
        return;
      }
      case 'dead':
        this.bury(queue, settlement);
        return;
      case 'dropped': {
        const { sequence, reason } = settlement;
        if (this.#slotOf(queue, sequence) !== undefined) this.skip(queue, { from: sequence, to: sequence, reason });
        return;
      }
    }
  }

  /** Whether it is an entry that waits, or was taken out and not announced. */
  #isOpen(queue: Queue, sequence: number): boolean {
    const chunk = sequence <= queue.visibleTo ? queue.content?.chunkOf(sequence) : undefined;
    return chunk?.runStatus === undefined && (chunk?.statusOf(sequence) ?? STATUS.settled) !== STATUS.settled;
  }

  /** Of an entry that waits and is committed. */
  #slotOf(queue: Queue, sequence: number): number | undefined {
    const chunk = sequence <= queue.visibleTo ? queue.content?.chunkOf(sequence) : undefined;
    return chunk?.statusOf(sequence) === STATUS.waiting ? chunk.slotOf(sequence) : undefined;
  }
}

const HISTORY_MAX = 20;

function cut(reason: string): string {
  return reason.slice(0, REASON_CHARACTERS_MAX);
}
