/**
 * Intake: one item of the queue after the other, from bytes to rows (docs/protocols/messaging.md §8).
 *
 * item → engine → content rules → rows, in one transaction; the delivery is acked after it. What cannot be read yet is kept in
 * the table of waiting items and opened again after the next commit of its group; what never can be is said to be lost.
 * What an item asks for besides becomes a chore.
 */
import { toHex } from '@sealane/shared/bytes';
import { SealaneError } from '@sealane/shared/errors';
import { decodeItem, type GroupItem, type Item } from '@sealane/shared/items';
import type { CommitTaken, E2eeEngine, Opened, UnknownAccount } from '@sealane/e2ee/engine';
import type { Transaction } from '@sealane/e2ee/storage';
import type { Blobs } from './blobs.ts';
import { faultOf, isDamage, isPassing } from './call-failure.ts';
import type { Chores } from './chores.ts';
import type { ContentRules } from './content-rules.ts';
import type { Directory } from './directory.ts';
import { freshGroup } from './groups.ts';
import { directConversation, groupConversation, linesOf } from './ids.ts';
import type { Journal } from './journal.ts';
import type { MessageBook } from './message-book.ts';
import type { MemberNotes } from './member-notes.ts';
import { tables, type GroupRow, type WaitingRow } from './tables.ts';
import { GIVEN_UP, type WaitingItems } from './waiting-items.ts';

export interface IntakeParts {
  readonly journal: Journal;
  readonly book: MessageBook;
  readonly blobs: Blobs;
  readonly chores: Chores;
  readonly rules: ContentRules;
  readonly waiting: WaitingItems;
  readonly memberNotes: MemberNotes;
  readonly directory: Directory;
  readonly now: () => number;
  engine(): E2eeEngine;
  onTrouble(error: SealaneError): void;
  username(): string;
  /** An answer to the link that this device opened. */
  takeLink(body: Uint8Array): Promise<void>;
}

/** A commit or Welcome of a group of 2,048 devices. */
const HANDSHAKE_BYTES_MAX = 16_777_216;
/** Rounds of asking the directory for accounts of one item. */
const ROUNDS_MAX = 3;

/** What became of an attempt inside a transaction: `moved` into another epoch, or which logs are needed first. */
type Outcome = 'done' | 'moved' | readonly UnknownAccount[];

export class Intake {
  readonly #parts: IntakeParts;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /**
   * Takes one item. What it says is on the disk when this resolves; one that cannot be taken is set aside, and the rest goes on.
   *
   * @throws when the connection or the disk fails.
   */
  async take(bytes: Uint8Array): Promise<void> {
    const item = decodeItem(bytes);
    if (item === undefined) return;
    try {
      await this.#takeItem(item, bytes);
    } catch (error) {
      await this.#setAside(item, { bytes, waited: undefined }, error);
    }
  }

  /** This device cannot go on in a group by what it has: that goes where it is damaged, and the group is joined again. */
  async onGroupLost(tx: Transaction, group: Uint8Array, error: unknown): Promise<void> {
    if (isDamage(error)) await this.#parts.engine().loseState(tx, group);
    await this.#heal(tx, group);
  }

  /** A group is in another epoch: what came of that before is opened, also by the next process where this one ends. */
  async onMoved(tx: Transaction, group: Uint8Array): Promise<void> {
    if (await this.#parts.waiting.has(tx, group)) await this.#parts.chores.add(tx, 'retry', { group });
  }

  async #takeItem(item: Item, bytes: Uint8Array): Promise<void> {
    switch (item.kind) {
      case 'welcome':
      case 'commit':
      case 'message': {
        await this.#takeSealed(item, bytes);
        return;
      }
      case 'removed': {
        await this.#takeRemoved(item);
        return;
      }
      case 'account': {
        await this.#note('refresh', { username: item.username });
        return;
      }
      case 'link': {
        await this.#parts.takeLink(item.body);
        return;
      }
      case 'envelope':
        // Opaque messages of clients with their own encryption are for the other ways in.
        return;
    }
  }

  /** Opens again what waited for a group, in order; a commit among it that counts begins anew with the rest. */
  async retryWaiting(group: Uint8Array): Promise<void> {
    for (const row of await this.#parts.waiting.of(group)) {
      const item = decodeItem(row.item);
      if (item === undefined || !isSealed(item)) continue;
      try {
        await this.#takeSealed(item, row.item, row);
      } catch (error) {
        await this.#setAside(item, { bytes: row.item, waited: row }, error);
      }
    }
  }

  /** Keeps an item that cannot be taken, to be opened again at the next start, and says so. @throws what may pass. */
  async #setAside(item: Item, came: Came, cause: unknown): Promise<void> {
    if (isPassing(cause)) throw cause;
    const error = faultOf(cause);
    this.#parts.onTrouble(error);
    if (!isSealed(item)) return;
    await this.#parts.journal.transaction(async (tx) => {
      if (isDamage(error)) await this.onGroupLost(tx, item.group, error);
      if (came.waited === undefined) await this.#keep(tx, item, came, error.code);
      const group = item.kind === 'message' ? await tables.groups.get(tx, item.group) : undefined;
      if (group !== undefined) await this.#show(tx, group, item, { state: 'lost', reason: error.code });
    });
  }

  /** @param waited its row, where it is opened again: it goes in the same transaction. */
  async #takeSealed(item: Sealed, bytes: Uint8Array, waited?: WaitingRow): Promise<void> {
    const body = await this.#bodyOf(item);
    if (body === undefined) return;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const outcome = await this.#parts.journal.transaction((tx) => this.#attempt(tx, item, body, { bytes, waited }));
      if (outcome === 'done') return;
      if (outcome === 'moved') {
        await this.retryWaiting(item.group);
        return;
      }
      if (!(await this.#lookUp(outcome))) break;
    }
    // The directory does not have these accounts (yet): kept until a later commit, or the next start.
    if (waited !== undefined) return;
    await this.#parts.journal.transaction((tx) => this.#keep(tx, item, { bytes, waited }, 'directory'));
  }

  async #attempt(tx: Transaction, item: Sealed, body: Uint8Array, came: Came): Promise<Outcome> {
    const { waiting } = this.#parts;
    const { waited } = came;
    // What a commit before it has opened is gone from the table.
    if (waited !== undefined && !(await waiting.take(tx, waited))) return 'done';
    const step = await this.#step(tx, item, body, came);
    if (step === 'moved') await this.onMoved(tx, item.group);
    if (waited !== undefined && step !== 'done' && step !== 'moved') await waiting.putBack(tx, waited);
    return step;
  }

  #step(tx: Transaction, item: Sealed, body: Uint8Array, came: Came): Promise<Outcome> {
    if (item.kind === 'welcome') return this.#takeWelcome(tx, item, body);
    if (item.kind === 'commit') return this.#takeCommit(tx, item, body, came);
    return this.#takeMessage(tx, item, body, came);
  }

  async #takeWelcome(tx: Transaction, item: Sealed, welcome: Uint8Array): Promise<Outcome> {
    const taken = await this.#parts.engine().takeWelcome(tx, welcome, item.at);
    if (taken.state === 'unverified') return taken.accounts;
    if (taken.state === 'lost') {
      const group = await tables.groups.get(tx, item.group);
      // A Welcome that no key fits any more: the group has this device, and the device has no state.
      const isStranger = taken.reason === 'no-key-package' && group?.state !== 'active';
      if (isStranger) await this.#heal(tx, item.group);
      return 'done';
    }
    const { book, directory, now } = this.#parts;
    const view = await this.#parts.engine().groupOf(tx, taken.group);
    const others = new Set(taken.members.flatMap(({ accountId }) => directory.stateById(accountId)?.username ?? []));
    others.delete(this.#parts.username());
    const [other] = others;
    const isDirect = view?.isDirect === true && others.size === 1 && other !== undefined;
    const id = isDirect ? directConversation(other) : groupConversation(taken.group);
    await book.conversation(tx, { id, kind: isDirect ? 'direct' : 'group', username: isDirect ? other : '', name: '' });
    const known = await tables.groups.get(tx, taken.group);
    const base = { ...freshGroup(now()), ...known, group: taken.group, conversation: id, state: 'active' } as const;
    await tables.groups.put(tx, { ...base, epochMax: Math.max(base.epochMax, taken.epoch), mustUpdate: 1 });
    await this.#parts.chores.add(tx, 'tend', { group: taken.group });
    await this.#parts.chores.add(tx, 'refill', {});
    return 'moved';
  }

  async #takeCommit(tx: Transaction, item: Sealed, commit: Uint8Array, came: Came): Promise<Outcome> {
    const taken = await this.#parts.engine().takeCommit(tx, item.group, item.epoch, commit, item.at);
    if (taken.state === 'unverified') return taken.accounts;
    const group = await tables.groups.get(tx, item.group);
    if (taken.state === 'ahead' || (taken.state === 'healing' && group === undefined)) {
      await this.#keep(tx, item, came, 'epoch-ahead');
      if (group !== undefined) await this.#parts.chores.add(tx, 'catch-up', { group: item.group });
    } else if (taken.state === 'healing' || taken.state === 'refused') {
      await this.#heal(tx, item.group);
    } else if (taken.state === 'removed') {
      if (group !== undefined) await this.#leave(tx, group, 'removed');
    } else if (taken.state === 'applied' && group !== undefined) {
      await this.#applied(tx, group, taken, item);
    }
    return taken.state === 'applied' ? 'moved' : 'done';
  }

  async #applied(
    tx: Transaction,
    group: GroupRow,
    taken: Extract<CommitTaken, { state: 'applied' }>,
    item: Sealed,
  ): Promise<void> {
    const gone = taken.removed.map(({ agentId }) => agentId);
    const removedDevices = [...new Set([...linesOf(group.removedDevices), ...gone])];
    const back = new Set(taken.added.map(({ agentId }) => agentId));
    // It could follow somebody else: what it would have asked its user about may be settled.
    const isAsking = group.state === 'asking' && !taken.isOwn;
    await tables.groups.patch(tx, group, {
      ...(isAsking && { state: 'healing' }),
      epochMax: Math.max(group.epochMax, taken.epoch),
      removedDevices: removedDevices.filter((id) => !back.has(id)).join('\n'),
    });
    if (isAsking) await this.#parts.chores.add(tx, 'heal', { group: group.group });
    await this.#parts.memberNotes.tell(tx, group, taken, item);
  }

  async #takeMessage(tx: Transaction, item: Sealed, message: Uint8Array, came: Came): Promise<Outcome> {
    const group = await tables.groups.get(tx, item.group);
    const opened = await this.#parts.engine().open(tx, item.group, message, { epoch: item.epoch });
    if (group === undefined || group.state === 'left') {
      // Before its Welcome, or after this device left.
      if (group === undefined) await this.#keep(tx, item, came, 'no-welcome');
      return 'done';
    }
    switch (opened.state) {
      case 'decrypted':
        await this.#parts.rules.apply(tx, { group, item, sender: opened.sender, plaintext: opened.plaintext });
        return 'done';
      case 'waiting':
      case 'healing': {
        const isKept = await this.#keep(tx, item, came, opened.reason);
        if (isKept) await this.#show(tx, group, item, opened);
        else await this.#showLost(tx, group, item, GIVEN_UP);
        if (opened.state === 'healing') await this.#heal(tx, item.group);
        return 'done';
      }
      case 'lost':
        // What comes twice was read before, or is an own one.
        if (opened.reason === 'replayed' || opened.reason === 'own') await this.#unshow(tx, item);
        else await this.#showLost(tx, group, item, opened.reason);
        return 'done';
    }
  }

  /** A message that cannot be read has a place all the same. */
  async #show(
    tx: Transaction,
    group: GroupRow,
    item: Sealed,
    opened: { readonly state: Exclude<Opened['state'], 'decrypted'>; readonly reason: string },
  ): Promise<void> {
    await this.#parts.book.add(tx, {
      conversation: group.conversation,
      id: item.messageId,
      group: group.group,
      username: '',
      device: '',
      isOwn: 0,
      kind: 'unknown',
      body: '',
      at: item.at,
      state: opened.state,
      reason: opened.reason,
    });
  }

  /** What is lost has a place too, but not that of another item that waits under the same id. */
  async #showLost(tx: Transaction, group: GroupRow, item: Sealed, reason: string): Promise<void> {
    if (!(await this.#parts.waiting.isHeld(tx, item))) await this.#show(tx, group, item, { state: 'lost', reason });
  }

  /** A repetition that waited: nothing is to come of it. */
  async #unshow(tx: Transaction, item: Sealed): Promise<void> {
    const row = await this.#parts.waiting.placeOf(tx, item);
    const isOpen = row?.state === 'waiting' || row?.state === 'healing';
    if (isOpen) await this.#parts.book.remove(tx, row);
  }

  async #takeRemoved(item: Item & { readonly kind: 'removed' }): Promise<void> {
    await this.#parts.journal.transaction(async (tx) => {
      const group = await tables.groups.get(tx, item.group);
      const view = await this.#parts.engine().groupOf(tx, item.group);
      // The server alone cannot take a group away: the commit has to say so too.
      if (group?.state === 'active' && view?.status === 'removed') await this.#leave(tx, group, 'removed');
    });
  }

  async #leave(tx: Transaction, group: GroupRow, state: 'removed'): Promise<void> {
    if (group.state === 'left' || group.state === 'removed') return;
    await tables.groups.patch(tx, group, { state });
    this.#parts.journal.tell(tx, { type: 'group-state', group: toHex(group.group), state });
    this.#parts.journal.tell(tx, { type: 'conversation-changed', conversation: group.conversation });
  }

  async #heal(tx: Transaction, id: Uint8Array): Promise<void> {
    const group = await tables.groups.get(tx, id);
    const known = group ?? {
      ...freshGroup(this.#parts.now()),
      group: id,
      conversation: groupConversation(id),
      state: 'active' as const,
    };
    if (known.state === 'left' || known.state === 'removed' || known.state === 'asking') return;
    await tables.groups.put(tx, { ...known, state: 'healing' });
    await this.#parts.chores.add(tx, 'heal', { group: id });
    if (known.state !== 'healing')
      this.#parts.journal.tell(tx, { type: 'group-state', group: toHex(id), state: 'healing' });
  }

  #keep(tx: Transaction, item: Sealed, { bytes, waited }: Came, reason: string): Promise<boolean> {
    return this.#parts.waiting.keep(tx, item, { item: bytes, reason, waited });
  }

  /** @returns whether every account could be asked for. */
  async #lookUp(accounts: readonly UnknownAccount[]): Promise<boolean> {
    try {
      for (const { username } of accounts) await this.#parts.directory.refresh(username);
      return true;
    } catch (error) {
      if (error instanceof SealaneError && error.code === 'E_NO_ACCOUNT') return false;
      throw error;
    }
  }

  async #bodyOf(item: Sealed): Promise<Uint8Array | undefined> {
    if (item.blob === undefined) return item.body;
    try {
      return await this.#parts.blobs.get(item.blob, HANDSHAKE_BYTES_MAX);
    } catch (error) {
      const isGone =
        error instanceof SealaneError && (error.code === 'E_BLOB_NOT_FOUND' || error.code === 'E_TOO_LARGE');
      if (!isGone) throw error;
      await this.#parts.journal.transaction((tx) => this.#heal(tx, item.group));
      return undefined;
    }
  }

  async #note(kind: 'refresh', about: { readonly username: string }): Promise<void> {
    await this.#parts.journal.transaction((tx) => this.#parts.chores.add(tx, kind, about));
  }
}

function isSealed(item: Item): item is Sealed {
  return item.kind === 'welcome' || item.kind === 'commit' || item.kind === 'message';
}

/** The bytes of an item, and its row where it waited. */
interface Came {
  readonly bytes: Uint8Array;
  readonly waited: WaitingRow | undefined;
}

/** Items whose body is of MLS. */
type Sealed = GroupItem;
