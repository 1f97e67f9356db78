/**
 * Healing: a device whose state of a group is gone, or has parted from the others, joins again by an external commit, within
 * the guards of docs/protocols/messaging.md §6.8; outside of them its user is asked.
 */
import { toHex } from '@sealane/shared/bytes';
import { ConfigError, ProtocolError } from '@sealane/shared/errors';
import type { E2eeEngine, PendingCommit, RejoinGuard } from '@sealane/e2ee/engine';
import type { Transaction } from '@sealane/e2ee/storage';
import type { Blobs } from './blobs.ts';
import type { Directory } from './directory.ts';
import { groupConversation } from './ids.ts';
import type { Intake } from './intake.ts';
import type { Journal } from './journal.ts';
import type { MessageBook } from './message-book.ts';
import type { CallServer } from './messaging-connection.ts';
import type { Outbox } from './outbox.ts';
import type { OwnAccount } from './own-account.ts';
import { tables, type GroupRow } from './tables.ts';
import type { WaitingItems } from './waiting-items.ts';

export interface HealingParts {
  readonly call: CallServer;
  readonly journal: Journal;
  readonly book: MessageBook;
  readonly blobs: Blobs;
  readonly directory: Directory;
  readonly own: OwnAccount;
  readonly intake: Intake;
  readonly waiting: WaitingItems;
  engine(): E2eeEngine;
  outbox(): Outbox;
  queueRejoin(tx: Transaction, commit: PendingCommit): Promise<number>;
}

const GROUP_INFO_BYTES_MAX = 16_777_216;
const ROUNDS_MAX = 5;

export class Healing {
  readonly #parts: HealingParts;

  constructor(parts: HealingParts) {
    this.#parts = parts;
  }

  /**
   * Joins a group again.
   *
   * @param isForced the user was asked and wants it, whoever vouches for the state of the group.
   * @throws ProtocolError `E_NO_GROUP` where the server has no state that can be joined.
   */
  async heal(group: Uint8Array, { isForced = false }: { readonly isForced?: boolean } = {}): Promise<void> {
    const { journal } = this.#parts;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const row = await journal.transaction((tx) => tables.groups.get(tx, group));
      if (row === undefined || (row.state !== 'healing' && row.state !== 'asking')) return;
      if ((await this.#attempt(group, isForced)) === 'done') return;
    }
    throw new ProtocolError('E_STALE_EPOCH', 'the group changed faster than this device could join');
  }

  /** The user wants it. @returns the group that carries the chat. @throws ConfigError `E_USAGE` where nothing is to be healed. */
  async healFor(conversation: string): Promise<Uint8Array> {
    const rows = await this.#parts.journal.transaction((tx) => tables.groups.list(tx));
    const known = rows.filter((each) => each.conversation === conversation);
    const row = known.find(({ state }) => state === 'asking' || state === 'healing');
    if (row === undefined) {
      const what =
        known.length === 0 ? `There is no chat ${JSON.stringify(conversation)}` : 'Nothing is wrong with the chat';
      throw new ConfigError('E_USAGE', `${what} on this device`);
    }
    await this.heal(row.group, { isForced: true });
    return row.group;
  }

  async #attempt(group: Uint8Array, isForced: boolean): Promise<'done' | 'again'> {
    const { call, blobs, journal, directory } = this.#parts;
    const { groupInfoBlob } = await call(0x50, { group, fromEpoch: Number.MAX_SAFE_INTEGER });
    if (groupInfoBlob === null) throw new ProtocolError('E_NO_GROUP', 'the server has no state of the group to join');
    const groupInfo = await blobs.get(groupInfoBlob.slice(), GROUP_INFO_BYTES_MAX);
    const guard: RejoinGuard = { isTrusted: await this.#trust(), isForced };
    const outcome = await journal.transaction(async (tx) => {
      const rejoined = await this.#parts.engine().rejoin(tx, group, groupInfo, guard);
      if (rejoined.state === 'pending') {
        if (!isForced && (await this.#isOlder(tx, rejoined.commit))) {
          await this.#parts.engine().commitLost(tx, group, rejoined.commit.messageId);
          await this.#ask(tx, group);
          return { state: 'refused' } as const;
        }
        return { order: await this.#parts.queueRejoin(tx, rejoined.commit) };
      }
      if (rejoined.state === 'refused') await this.#ask(tx, group);
      return rejoined;
    });
    if ('order' in outcome) {
      await this.#parts.outbox().settle(outcome.order);
      await this.#parts.intake.retryWaiting(group);
      return 'done';
    }
    if (outcome.state === 'refused') return 'done';
    if (outcome.state === 'intact') {
      await this.#resume(group);
      return 'done';
    }
    for (const { username } of outcome.accounts) await directory.refresh(username);
    return 'again';
  }

  /** The engine knows this too, unless its rows are what was lost. */
  async #isOlder(tx: Transaction, { group, epoch }: PendingCommit): Promise<boolean> {
    const row = await tables.groups.get(tx, group);
    return row !== undefined && epoch < row.epochMax;
  }

  /** Own devices, and members that the user has verified. */
  async #trust(): Promise<RejoinGuard['isTrusted']> {
    const own = await this.#parts.own.require();
    const contacts = await this.#parts.directory.contacts();
    const trusted = new Set(
      contacts.filter(({ trust }) => trust === 'verified').map(({ accountId }) => toHex(accountId)),
    );
    trusted.add(toHex(own.accountId));
    return ({ accountId }) => trusted.has(toHex(accountId));
  }

  /** It could not be joined again: the user has to know. */
  async ask(group: Uint8Array): Promise<void> {
    await this.#parts.journal.transaction(async (tx) => {
      const row = await tables.groups.get(tx, group);
      if (row?.state === 'healing') await this.#ask(tx, group);
    });
  }

  async #ask(tx: Transaction, group: Uint8Array): Promise<void> {
    const row = await tables.groups.get(tx, group);
    if (row === undefined) throw new ConfigError('E_USAGE', 'This device knows no such group');
    await tables.groups.patch(tx, row, { state: 'asking' });
    this.#parts.journal.tell(tx, { type: 'group-state', group: toHex(group), state: 'asking' });
  }

  /** Nothing was wrong but what came in: it is opened again, now as made up, and what waited to be sent goes. */
  async #resume(group: Uint8Array): Promise<void> {
    const { journal, intake } = this.#parts;
    await journal.transaction(async (tx) => {
      const row = await tables.groups.get(tx, group);
      if (row === undefined) return;
      await tables.groups.patch(tx, row, { state: 'active' });
      await intake.onMoved(tx, group);
      journal.tell(tx, { type: 'group-state', group: toHex(group), state: 'healed' });
    });
    await intake.retryWaiting(group);
    this.#parts.outbox().kick();
  }

  /** Called inside the transaction in which the commit by which this device joined becomes the state of its group. */
  async onRejoined(tx: Transaction, group: Uint8Array): Promise<void> {
    const { journal, book } = this.#parts;
    const row = await tables.groups.get(tx, group);
    if (row?.state !== 'active') return;
    await book.conversation(tx, {
      id: row.conversation,
      kind: row.conversation === groupConversation(group) ? 'group' : 'direct',
      username: row.conversation.startsWith('@') ? row.conversation.slice(1) : '',
      name: '',
    });
    journal.tell(tx, { type: 'group-state', group: toHex(group), state: 'healed' });
    await this.#loseOlder(tx, row);
  }

  /** Messages of epochs in which this device was not there. */
  async #loseOlder(tx: Transaction, { group, conversation }: GroupRow): Promise<void> {
    const { book, waiting } = this.#parts;
    const view = await this.#parts.engine().groupOf(tx, group);
    if (view === undefined) return;
    for (const row of await tables.waiting.list(tx, { prefix: [group], to: [group, view.epoch] })) {
      await waiting.take(tx, row);
    }
    for (const row of await tables.messages.list(tx, { prefix: [conversation] })) {
      const isOpen = row.state === 'waiting' || row.state === 'healing';
      if (isOpen) await book.change(tx, row, { state: 'lost', reason: 'epoch-gone' });
    }
  }
}
