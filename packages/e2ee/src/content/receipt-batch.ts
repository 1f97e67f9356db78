/** Receipts in batches: at most one content of each status every two seconds, and none that a later one makes useless. */
import { fromHex, toHex } from '@sealane/shared/bytes';
import type { Bodies, ReceiptStatus } from './content.ts';
import { RECEIPTS_MAX } from './limits.ts';

/** Least time between two batches, in ms. */
export const RECEIPTS_INTERVAL_MS = 2_000;

/** Receipts that wait to be sent in one conversation. */
export class ReceiptBatch {
  readonly #waiting = new Map<string, ReceiptStatus>();
  #sentAt = Number.NEGATIVE_INFINITY;

  /** Adds a receipt for a message (16 bytes). Read stands for delivered too. */
  add(message: Uint8Array, status: ReceiptStatus): void {
    const id = toHex(message);
    if (this.#waiting.get(id) !== 'read') this.#waiting.set(id, status);
  }

  /** When the next batch may go, by the clock of `take`; undefined where nothing waits. */
  get dueAt(): number | undefined {
    return this.#waiting.size === 0 ? undefined : this.#sentAt + RECEIPTS_INTERVAL_MS;
  }

  /** The bodies that are to be sent now, of which this forgets; none before `dueAt`. @param nowMs any clock. */
  take(nowMs: number): readonly Bodies['receipts'][] {
    const due = this.dueAt;
    if (due === undefined || nowMs < due) return [];
    const bodies: Bodies['receipts'][] = [];
    for (const status of ['delivered', 'read'] as const) {
      const ids = [...this.#waiting].filter(([, waiting]) => waiting === status).map(([id]) => id);
      const taken = ids.slice(0, RECEIPTS_MAX);
      if (taken.length === 0) continue;
      bodies.push({ status, messages: taken.map((id) => fromHex(id) ?? new Uint8Array()) });
      for (const id of taken) this.#waiting.delete(id);
    }
    this.#sentAt = nowMs;
    return bodies;
  }
}
