/** Receipts: which messages this device has stored, and which were read, told in batches inside the encryption. */
import { toHex } from '@sealane/shared/bytes';
import type { E2eeEngine } from '@sealane/e2ee/engine';
import type { Transaction } from '@sealane/e2ee/storage';
import { isGroupLost } from './call-failure.ts';
import type { Compose } from './compose.ts';
import type { Journal } from './journal.ts';
import { nextNumber, tables, type GroupRow, type ReceiptRow } from './tables.ts';

/** Accounts of a group above which nobody tells what was delivered: each receipt is a message to all. */
const ACCOUNTS_MAX = 32;
/** Messages of one receipt. */
const IDS_MAX = 256;
/** Rows that are read at once. */
const ROWS_MAX = 1_024;

/** What this device tells: `all`, only that it has messages, or nothing. */
export type ReceiptPolicy = 'all' | 'delivered' | 'none';

export class Receipts {
  readonly #journal: Journal;
  readonly #compose: Compose;
  readonly #engine: () => E2eeEngine;
  readonly #policy: ReceiptPolicy;
  readonly #onGroupLost: (tx: Transaction, group: Uint8Array, error: unknown) => Promise<void>;

  constructor(parts: {
    readonly journal: Journal;
    readonly compose: Compose;
    readonly engine: () => E2eeEngine;
    readonly policy: ReceiptPolicy;
    /** What this device has of a group cannot be used. */
    readonly onGroupLost: (tx: Transaction, group: Uint8Array, error: unknown) => Promise<void>;
  }) {
    this.#journal = parts.journal;
    this.#compose = parts.compose;
    this.#engine = parts.engine;
    this.#policy = parts.policy;
    this.#onGroupLost = parts.onGroupLost;
  }

  /** Notes that a message is stored here, or was read. */
  async note(tx: Transaction, group: Uint8Array, id: Uint8Array, what: 'delivered' | 'read'): Promise<void> {
    if (this.#policy === 'none' || (what === 'read' && this.#policy !== 'all')) return;
    const order = await nextNumber(tx, 'order');
    await tables.receipts.put(tx, { group, order, id, isRead: what === 'read' ? 1 : 0 });
  }

  /** Puts what was noted into the outbox. @returns how many receipts that are. */
  async queue(): Promise<number> {
    const rows = await this.#journal.transaction((tx) => tables.receipts.list(tx, { limit: ROWS_MAX }));
    const byGroup = Map.groupBy(rows, ({ group }) => toHex(group));
    const queued: boolean[] = [];
    for (const ofGroup of byGroup.values()) queued.push(await this.#queueOrLose(ofGroup.slice(0, IDS_MAX)));
    return queued.filter(Boolean).length;
  }

  /** A group that this device cannot write to keeps no others from theirs. */
  async #queueOrLose(rows: readonly ReceiptRow[]): Promise<boolean> {
    try {
      return await this.#journal.transaction((tx) => this.#queueGroup(tx, rows));
    } catch (error) {
      const [first] = rows;
      if (!isGroupLost(error) || first === undefined) throw error;
      await this.#journal.transaction((tx) => this.#onGroupLost(tx, first.group, error));
      return false;
    }
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
