/**
 * WaitingItems: what came and cannot be opened yet: a message before its commit or its Welcome, a commit before those that
 * belong before it, a Welcome of accounts that the directory does not have. It waits for a while, and there is room for so
 * many; what is given up is shown as lost. A server or a member that sends what never opens gets no more of this disk.
 */
import { decodeItem, type GroupItem } from '@sealane/shared/items';
import type { Transaction } from '@sealane/e2ee/storage';
import type { Journal } from './journal.ts';
import type { MessageBook } from './message-book.ts';
import { nextNumber, tables, type WaitingRow } from './tables.ts';

/** Commits come in seconds, and a Welcome as long as the server keeps it; a week covers a server that was away. */
export const WAITING_MS_MAX = 7 * 86_400_000;
/** Items of one group. */
export const WAITING_OF_GROUP_MAX = 256;
/** Items of all groups, those that nobody knows included. */
export const WAITING_MAX = 2_048;
/** Why a message is lost that waited too long, or had no room to wait. */
export const GIVEN_UP = 'given-up';
/** Rows that are looked at in one transaction. */
const PAGE_ROWS = 64;
const COUNT = 'waiting-items';

export interface WaitingItemsParts {
  readonly journal: Journal;
  readonly book: MessageBook;
  readonly now: () => number;
}

export class WaitingItems {
  readonly #parts: WaitingItemsParts;

  constructor(parts: WaitingItemsParts) {
    this.#parts = parts;
  }

  /**
   * Keeps an item.
   *
   * @param waited its row, where it waited before: its time goes on.
   * @returns false where there is no room.
   */
  async keep(
    tx: Transaction,
    { group, epoch }: GroupItem,
    { item, reason, waited }: Pick<WaitingRow, 'item' | 'reason'> & { readonly waited: WaitingRow | undefined },
  ): Promise<boolean> {
    const ofGroup = await tables.waiting.list(tx, { prefix: [group], limit: WAITING_OF_GROUP_MAX });
    const count = await this.#count(tx);
    if (ofGroup.length >= WAITING_OF_GROUP_MAX || count >= WAITING_MAX) return false;
    const keptAt = waited?.keptAt ?? this.#parts.now();
    const order = await nextNumber(tx, 'order');
    await tables.waiting.put(tx, { group, epoch, order, item: item.slice(), reason, keptAt });
    await tables.values.put(tx, { name: COUNT, value: count + 1 });
    return true;
  }

  /** What waits for a group, in order. */
  of(group: Uint8Array): Promise<readonly WaitingRow[]> {
    return this.#parts.journal.transaction((tx) => tables.waiting.list(tx, { prefix: [group] }));
  }

  /** Takes a row out. @returns whether it was there. */
  async take(tx: Transaction, { group, epoch, order }: WaitingRow): Promise<boolean> {
    if ((await tables.waiting.get(tx, group, epoch, order)) === undefined) return false;
    await tables.waiting.delete(tx, group, epoch, order);
    await tables.values.put(tx, { name: COUNT, value: (await this.#count(tx)) - 1 });
    return true;
  }

  /** Puts a row back that was taken out in the same transaction. */
  async putBack(tx: Transaction, row: WaitingRow): Promise<void> {
    await tables.waiting.put(tx, row);
    await tables.values.put(tx, { name: COUNT, value: (await this.#count(tx)) + 1 });
  }

  /** Gives up what waited too long. @returns how many items. */
  async giveUpOld(): Promise<number> {
    const { journal, now } = this.#parts;
    const before = now() - WAITING_MS_MAX;
    let given = 0;
    let last: WaitingRow | undefined;
    do {
      const from = last === undefined ? undefined : [last.group, last.epoch, last.order + 1];
      const rows = await journal.transaction(async (tx) => {
        const page = await tables.waiting.list(tx, { ...(from && { from }), limit: PAGE_ROWS });
        for (const row of page.filter(({ keptAt }) => keptAt < before)) {
          if (await this.take(tx, row)) given++;
          await this.#showLost(tx, row);
        }
        return page;
      });
      last = rows.length < PAGE_ROWS ? undefined : rows.at(-1);
    } while (last !== undefined);
    return given;
  }

  async #showLost(tx: Transaction, { item }: WaitingRow): Promise<void> {
    const decoded = decodeItem(item);
    const row = decoded?.kind === 'message' ? await this.#parts.book.find(tx, decoded.messageId) : undefined;
    const isOpen = row?.state === 'waiting' || row?.state === 'healing';
    if (isOpen) await this.#parts.book.change(tx, row, { state: 'lost', reason: GIVEN_UP });
  }

  async #count(tx: Transaction): Promise<number> {
    const row = await tables.values.get(tx, COUNT);
    return typeof row?.value === 'number' ? row.value : 0;
  }
}
