/**
 * WaitingItems: what came and cannot be opened yet: a message before its commit or its Welcome, a commit before those that
 * belong before it, a Welcome of accounts that the directory does not have. It waits for a while, and there is room for so
 * many; what is given up is shown as lost. A server or a member that sends what never opens gets no more of this disk.
 */
import { equalBytes, toHex } from '@sealane/shared/bytes';
import { decodeItem, type GroupItem } from '@sealane/shared/items';
import type { Transaction } from '@sealane/e2ee/storage';
import type { Journal } from './journal.ts';
import type { MessageBook } from './message-book.ts';
import { WAITING_COUNT, nextNumber, tables, type MessageRow, type WaitingRow } from './tables.ts';

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

/** What names an item. */
type Sealed = Pick<GroupItem, 'group' | 'messageId'>;

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
    await tables.values.put(tx, { name: WAITING_COUNT, value: count + 1 });
    return true;
  }

  /** What waits for a group, in the order in which the server took it, however it came. */
  async of(group: Uint8Array): Promise<readonly WaitingRow[]> {
    const rows = await this.#parts.journal.transaction((tx) => tables.waiting.list(tx, { prefix: [group] }));
    const places = rows.map((row) => ({ row, sequence: sequenceOf(row) }));
    places.sort((a, b) => a.row.epoch - b.row.epoch || a.sequence - b.sequence || a.row.order - b.row.order);
    return places.map(({ row }) => row);
  }

  /** Whether anything waits for a group. */
  async has(tx: Transaction, group: Uint8Array): Promise<boolean> {
    return (await tables.waiting.list(tx, { prefix: [group], limit: 1 })).length > 0;
  }

  /** Whether an item waits under the id of this one. Not this one itself, while it is opened again: it was taken out. */
  async isHeld(tx: Transaction, { group, messageId }: Sealed): Promise<boolean> {
    const rows = await tables.waiting.list(tx, { prefix: [group] });
    return rows.some(({ item }) => {
      const decoded = decodeItem(item);
      return decoded?.kind === 'message' && equalBytes(decoded.messageId, messageId);
    });
  }

  /** The place in its chat of an item that could not be read; undefined where another one waits under its id, and has it. */
  async placeOf(tx: Transaction, item: Sealed): Promise<MessageRow | undefined> {
    const row = await this.#parts.book.find(tx, item.messageId);
    if (row === undefined || !isPlaceholder(row) || !equalBytes(row.group, item.group)) return undefined;
    return (await this.isHeld(tx, item)) ? undefined : row;
  }

  /** Groups with items that no commit will open: they are tried again when this device starts, as with a newer version. */
  async stuckGroups(): Promise<readonly Uint8Array[]> {
    const groups = new Map<string, Uint8Array>();
    await this.#eachPage((_, rows) => {
      for (const { group, reason } of rows) if (isStuck(reason)) groups.set(toHex(group), group);
      return Promise.resolve();
    });
    return [...groups.values()];
  }

  /** Takes a row out. @returns whether it was there. */
  async take(tx: Transaction, { group, epoch, order }: WaitingRow): Promise<boolean> {
    if ((await tables.waiting.get(tx, group, epoch, order)) === undefined) return false;
    await tables.waiting.delete(tx, group, epoch, order);
    await tables.values.put(tx, { name: WAITING_COUNT, value: (await this.#count(tx)) - 1 });
    return true;
  }

  /** Puts a row back that was taken out in the same transaction. */
  async putBack(tx: Transaction, row: WaitingRow): Promise<void> {
    await tables.waiting.put(tx, row);
    await tables.values.put(tx, { name: WAITING_COUNT, value: (await this.#count(tx)) + 1 });
  }

  /** Gives up what waited too long. @returns how many items. */
  async giveUpOld(): Promise<number> {
    const before = this.#parts.now() - WAITING_MS_MAX;
    let given = 0;
    await this.#eachPage(async (tx, rows) => {
      for (const row of rows.filter(({ keptAt }) => keptAt < before)) {
        if (await this.take(tx, row)) given++;
        await this.#showLost(tx, row);
      }
    });
    return given;
  }

  /** Everything that waits, a page in each transaction. */
  async #eachPage(work: (tx: Transaction, rows: readonly WaitingRow[]) => Promise<void>): Promise<void> {
    let last: WaitingRow | undefined;
    do {
      const from = last === undefined ? undefined : [last.group, last.epoch, last.order + 1];
      const rows = await this.#parts.journal.transaction(async (tx) => {
        const page = await tables.waiting.list(tx, { ...(from && { from }), limit: PAGE_ROWS });
        await work(tx, page);
        return page;
      });
      last = rows.length < PAGE_ROWS ? undefined : rows.at(-1);
    } while (last !== undefined);
  }

  async #showLost(tx: Transaction, { item }: WaitingRow): Promise<void> {
    const decoded = decodeItem(item);
    const row = decoded?.kind === 'message' ? await this.placeOf(tx, decoded) : undefined;
    const isOpen = row?.state === 'waiting' || row?.state === 'healing';
    if (isOpen) await this.#parts.book.change(tx, row, { state: 'lost', reason: GIVEN_UP });
  }

  async #count(tx: Transaction): Promise<number> {
    const row = await tables.values.get(tx, WAITING_COUNT);
    return typeof row?.value === 'number' ? row.value : 0;
  }
}

/** The place of what could not be read: nobody knows of whom it is. */
export function isPlaceholder({ kind, username }: MessageRow): boolean {
  return kind === 'unknown' && username === '';
}

/** An item that a newer version has kept is the last of its epoch. */
function sequenceOf({ item }: WaitingRow): number {
  const decoded = decodeItem(item);
  return decoded !== undefined && 'sequence' in decoded ? decoded.sequence : Number.MAX_SAFE_INTEGER;
}

/** The directory did not have an account, or the item could not be taken: the reason is the code of an error. */
function isStuck(reason: string): boolean {
  return reason === 'directory' || reason.startsWith('E_');
}
