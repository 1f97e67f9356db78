/** Receipts: which messages this device has stored, and which were read, told in batches inside the encryption. */
import { toHex } from '@sealane/shared/bytes';
import type { E2eeEngine } from '@sealane/e2ee/engine';
import type { Transaction } from '@sealane/e2ee/storage';
import type { Compose } from './compose.ts';
import type { Journal } from './journal.ts';
import { nextNumber, tables, type GroupRow, type ReceiptRow } from './tables.ts';

/** Accounts of a group above which nobody tells what was delivered: each receipt is a message to all. */
const ACCOUNTS_MAX = 32;
/** Messages of one receipt. */
const IDS_MAX = 256;

/** What this device tells: `all`, only that it has messages, or nothing. */
export type ReceiptPolicy = 'all' | 'delivered' | 'none';

export class Receipts {
  readonly #journal: Journal;
  readonly #compose: Compose;
  readonly #engine: () => E2eeEngine;
  readonly #policy: ReceiptPolicy;

  constructor(parts: {
    readonly journal: Journal;
    readonly compose: Compose;
    readonly engine: () => E2eeEngine;
    readonly policy: ReceiptPolicy;
  }) {
    this.#journal = parts.journal;
    this.#compose = parts.compose;
    this.#engine = parts.engine;
    this.#policy = parts.policy;
  }

  /** Notes that a message is stored here, or was read. */
  async note(tx: Transaction, group: Uint8Array, id: Uint8Array, what: 'delivered' | 'read'): Promise<void> {
    if (this.#policy === 'none' || (what === 'read' && this.#policy !== 'all')) return;
    const order = await nextNumber(tx, 'order');
    await tables.receipts.put(tx, { group, order, id, isRead: what === 'read' ? 1 : 0 });
  }

  /** Puts what was noted into the outbox. @returns how many receipts that are. */
  async queue(): Promise<number> {
    return await this.#journal.transaction(async (tx) => {
      const byGroup = new Map<string, ReceiptRow[]>();
      for (const row of await tables.receipts.list(tx, { limit: 1_024 })) {
        const key = toHex(row.group);
        byGroup.set(key, [...(byGroup.get(key) ?? []), row]);
      }
      let queued = 0;
      for (const rows of byGroup.values()) if (await this.#queueGroup(tx, rows.slice(0, IDS_MAX))) queued++;
      return queued;
    });
  }

  async #queueGroup(tx: Transaction, rows: readonly ReceiptRow[]): Promise<boolean> {
    const [first] = rows;
    const group = first === undefined ? undefined : await tables.groups.get(tx, first.group);
    if (group?.state === 'healing' || group?.state === 'creating') return false;
    for (const { group: id, order } of rows) await tables.receipts.delete(tx, id, order);
    if (group?.state !== 'active' || !(await this.#isSmall(tx, group))) return false;
    const read = rows.filter(({ isRead }) => isRead === 1).map(({ id }) => id);
    const delivered = rows.filter(({ isRead }) => isRead === 0).map(({ id }) => id);
    await this.#compose.receipt(tx, group.group, { delivered, read });
    return true;
  }

  async #isSmall(tx: Transaction, { group }: GroupRow): Promise<boolean> {
    const members = await this.#engine().members(tx, group);
    return new Set(members.map(({ accountId }) => toHex(accountId))).size <= ACCOUNTS_MAX;
  }
}
