/**
 * Groups: the MLS groups behind conversations. What is wanted of a group is an intent; an intent becomes a commit, and the
 * commit a row of the outbox (docs/protocols/messaging.md §6).
 *
 * A change of one group at a time: what is there is settled, the commit is built on the present epoch, written down with
 * the intent, and sent.
 */
import { toHex, utf8Encode } from '@sealane/shared/bytes';
import { deviceWithKey, listedDevices, type AccountState } from '@sealane/shared/accounts';
import { ConfigError, ProtocolError } from '@sealane/shared/errors';
import { BLOB_ID_BYTES, GROUP_ID_BYTES } from '@sealane/shared/packets';
import type { Random } from '@sealane/shared/crypto';
import { NAME_BYTES_MAX } from '@sealane/e2ee/content';
import type { E2eeEngine, PendingCommit } from '@sealane/e2ee/engine';
import type { Member } from '@sealane/e2ee/mls';
import type { Transaction } from '@sealane/e2ee/storage';
import type { Directory } from './directory.ts';
import { directConversation, groupConversation } from './ids.ts';
import type { Intent } from './intent.ts';
import type { Journal } from './journal.ts';
import type { KeyPackageStock } from './key-package-stock.ts';
import type { MessageBook } from './message-book.ts';
import type { Outbox } from './outbox.ts';
import type { OwnAccount } from './own-account.ts';
import { tables, type GroupRow, type OutboxRow } from './tables.ts';

/** What groups need of the others. */
export interface GroupsParts {
  readonly journal: Journal;
  readonly book: MessageBook;
  readonly account: OwnAccount;
  readonly directory: Directory;
  readonly stock: KeyPackageStock;
  readonly random: Random;
  readonly now: () => number;
  engine(): E2eeEngine;
  outbox(): Outbox;
  /** Tells the members what the group is called. */
  announce(tx: Transaction, group: Uint8Array): Promise<void>;
}

/** A member account of a group, with its devices there. */
export interface GroupMember {
  readonly username: string;
  readonly devices: readonly string[];
  readonly isOwn: boolean;
}

/** Updates of the own leaf (messaging.md §6.9). */
const UPDATE_AFTER_MESSAGES = 50;
const UPDATE_AFTER_MS = 7 * 86_400_000;

/** What one commit changes. */
interface Change {
  readonly add: readonly Uint8Array[];
  readonly remove: readonly { readonly accountId: Uint8Array; readonly agentId?: string }[];
}

export class Groups {
  readonly #parts: GroupsParts;
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(parts: GroupsParts) {
    this.#parts = parts;
  }

  /** The group that carries the chat with an account: the one with the lowest id, so that both sides take the same. */
  async direct(tx: Transaction, username: string): Promise<GroupRow | undefined> {
    const conversation = directConversation(username);
    const rows = await tables.groups.list(tx);
    const own = rows.filter(
      (row) => row.conversation === conversation && row.state !== 'left' && row.state !== 'removed',
    );
    // Keys are ordered: the first is the lowest.
    return own.find(({ state }) => state === 'active') ?? own[0];
  }

  /** Makes the group of a direct chat. */
  async createDirect(username: string, signal?: AbortSignal): Promise<Uint8Array> {
    const { account } = this.#parts;
    if (username === (await account.require()).username)
      throw new ConfigError('E_USAGE', 'Nobody chats with themselves: name another user');
    return await this.#create({ conversation: directConversation(username), name: '', usernames: [username] }, signal);
  }

  /** Makes a group with a name. @returns its id. @throws ConfigError `E_USAGE` for a name that cannot be told to others. */
  async create(name: string, usernames: readonly string[], signal?: AbortSignal): Promise<Uint8Array> {
    expectGroupName(name);
    return await this.#create({ conversation: undefined, name, usernames }, signal);
  }

  /** Has a commit made and taken by the server. @throws what the server said. */
  async change(group: Uint8Array, intent: Intent, signal?: AbortSignal): Promise<void> {
    await this.#inTurn(group, async () => {
      await this.#settleOlder(group);
      const order = await this.#queue(group, intent);
      if (order !== undefined) await this.#parts.outbox().settle(order, signal);
    });
  }

  /** Makes a commit that lost again. @returns its row in the outbox; undefined when nothing is left to do. */
  rebase(group: Uint8Array, intent: Intent): Promise<number | undefined> {
    return this.#queue(group, intent);
  }

  /** Makes the devices of the group those that are listed, and updates the own leaf when it is time. */
  async tend(group: Uint8Array, signal?: AbortSignal): Promise<void> {
    const row = await this.#parts.journal.transaction((tx) => tables.groups.get(tx, group));
    if (row?.state !== 'active') return;
    if (await this.#differs(group)) await this.change(group, { kind: 'reconcile', attempts: 0 }, signal);
    else if (this.#mustUpdate(row)) await this.change(group, { kind: 'update', attempts: 0 }, signal);
  }

  /** An account said that it leaves: the removal is committed, unless somebody else did. */
  async removeIfThere(group: Uint8Array, username: string): Promise<void> {
    const row = await this.#parts.journal.transaction((tx) => tables.groups.get(tx, group));
    const own = await this.#parts.account.require();
    if (row?.state !== 'active' || username === own.username) return;
    const members = await this.members(group);
    if (members.some((member) => member.username === username)) {
      await this.change(group, { kind: 'remove', usernames: [username], attempts: 0 });
    }
  }

  /** Members by account, the own one first. */
  async members(group: Uint8Array): Promise<readonly GroupMember[]> {
    const own = await this.#parts.account.require();
    const members = await this.#parts.journal.transaction((tx) => this.#parts.engine().members(tx, group));
    const byName = new Map<string, string[]>();
    for (const { accountId, agentId } of members) {
      const name = this.#parts.directory.stateById(accountId)?.username ?? toHex(accountId);
      byName.set(name, [...(byName.get(name) ?? []), agentId]);
    }
    const list = [...byName].map(([username, devices]) => ({ username, devices, isOwn: username === own.username }));
    return list.sort((a, b) => Number(b.isOwn) - Number(a.isOwn) || (a.username < b.username ? -1 : 1));
  }

  /** Puts the commit by which this device joins again into the outbox. */
  queueRejoin(tx: Transaction, pending: PendingCommit): Promise<number> {
    return this.#put(tx, pending, { kind: 'rejoin', attempts: 0 });
  }

  /** Called inside the transaction in which a commit becomes the state of its group. */
  async onCommitted(tx: Transaction, row: OutboxRow, intent: Intent): Promise<void> {
    const group = await tables.groups.get(tx, row.group);
    if (group === undefined) return;
    const { now } = this.#parts;
    // That the server took an own commit does not say that the others are where this device is.
    const isHealing = row.isExternal === 0 && (group.state === 'healing' || group.state === 'asking');
    const state = isHealing ? group.state : 'active';
    await tables.groups.patch(tx, group, { state, updatedAt: now(), sentSinceUpdate: 0, mustUpdate: 0 });
    if (intent.kind === 'create' || intent.kind === 'add' || row.added !== '')
      await this.#parts.announce(tx, row.group);
  }

  async #create(
    {
      conversation,
      name,
      usernames,
    }: { readonly conversation: string | undefined; readonly name: string; readonly usernames: readonly string[] },
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const { journal, book, account, directory, stock, random, now } = this.#parts;
    const own = await account.require();
    const group = random(GROUP_ID_BYTES);
    const id = conversation ?? groupConversation(group);
    const states: AccountState[] = [];
    for (const username of new Set(usernames)) states.push(await directory.refresh(username));
    const keyPackages = await this.#claimAll(states, [], signal);
    keyPackages.push(...(await stock.claim(await directory.refresh(own.username), { except: [own.agentId] })));
    const order = await journal.transaction(async (tx) => {
      const pending = await this.#parts
        .engine()
        .createGroup(tx, { group, keyPackages, isDirect: conversation !== undefined });
      const kind = conversation === undefined ? 'group' : 'direct';
      const username = conversation === undefined ? '' : (usernames[0] ?? '');
      await book.conversation(tx, { id, kind, username, name });
      await tables.groups.put(tx, { ...freshGroup(now()), group, conversation: id, state: 'creating' });
      return await this.#put(tx, pending, { kind: 'create', usernames, attempts: 0 });
    });
    await this.#parts.outbox().settle(order, signal);
    return group;
  }

  /** Builds a commit for an intent and puts it into the outbox. @returns undefined when there is nothing to do. */
  async #queue(group: Uint8Array, intent: Intent): Promise<number | undefined> {
    const change = await this.#changeFor(group, intent);
    if (change === undefined) return undefined;
    return await this.#parts.journal.transaction(async (tx) => {
      const pending = await this.#parts.engine().commit(tx, group, {
        ...(change.add.length > 0 && { add: change.add }),
        ...(change.remove.length > 0 && { remove: change.remove }),
      });
      return await this.#put(tx, pending, intent);
    });
  }

  /** A commit that is under way goes first. */
  async #settleOlder(group: Uint8Array): Promise<void> {
    const key = toHex(group);
    const rows = await this.#parts.journal.transaction((tx) => tables.outbox.list(tx));
    const older = rows.find((row) => row.kind === 'commit' && toHex(row.group) === key);
    if (older !== undefined)
      await this.#parts
        .outbox()
        .settle(older.order)
        .catch(() => undefined);
  }

  async #changeFor(group: Uint8Array, intent: Intent): Promise<Change | undefined> {
    const nothing: Change = { add: [], remove: [] };
    const { journal, directory } = this.#parts;
    const members = await journal.transaction((tx) => this.#parts.engine().members(tx, group));
    switch (intent.kind) {
      case 'update':
        // Every commit updates the leaf of its device.
        return nothing;
      case 'add': {
        const states: AccountState[] = [];
        for (const username of intent.usernames) states.push(await directory.refresh(username));
        const add = await this.#claimAll(states, members);
        return add.length === 0 ? undefined : { ...nothing, add };
      }
      case 'remove': {
        const ids = intent.usernames.flatMap((name) => this.#known(name)).map(({ accountId }) => accountId);
        const remove = members.filter(({ accountId }) => ids.some((id) => toHex(id) === toHex(accountId)));
        return remove.length === 0 ? undefined : { ...nothing, remove: remove.map(leafOf) };
      }
      case 'reconcile':
        return await this.#reconciled(members);
      case 'create':
      case 'rejoin':
        return undefined;
    }
  }

  async #reconciled(members: readonly Member[]): Promise<Change | undefined> {
    const remove = this.#unlisted(members).map(leafOf);
    const states = this.#statesOf(members);
    const add = await this.#claimAll(states, members);
    return add.length + remove.length === 0 ? undefined : { add, remove };
  }

  /** Whether a device is missing, or one is there that its account no longer lists. */
  async #differs(group: Uint8Array): Promise<boolean> {
    const members = await this.#parts.journal.transaction((tx) => this.#parts.engine().members(tx, group));
    if (this.#unlisted(members).length > 0) return true;
    return this.#statesOf(members).some((state) => missingDevices(state, members).length > 0);
  }

  #unlisted(members: readonly Member[]): readonly Member[] {
    return members.filter(({ accountId, agentId, signatureKey: signingKey }) => {
      const state = this.#parts.directory.stateById(accountId);
      return state !== undefined && deviceWithKey(state, { agentId, signingKey })?.revoked !== undefined;
    });
  }

  #statesOf(members: readonly Member[]): readonly AccountState[] {
    const ids = new Map(members.map(({ accountId }) => [toHex(accountId), accountId]));
    return [...ids.values()].flatMap((id) => this.#parts.directory.stateById(id) ?? []);
  }

  /** A key package of every device of these accounts that is not there yet; devices that have none are left out. */
  async #claimAll(
    states: readonly AccountState[],
    members: readonly Member[],
    signal?: AbortSignal,
  ): Promise<Uint8Array[]> {
    const packages: Uint8Array[] = [];
    for (const state of states) {
      const devices = missingDevices(state, members);
      if (devices.length === 0) continue;
      const claimed = await this.#parts.stock.claim(state, { only: devices, signal });
      const isStranger = !members.some(({ accountId }) => toHex(accountId) === toHex(state.accountId));
      if (claimed.length === 0 && isStranger) {
        throw new ProtocolError(
          'E_NO_KEY_PACKAGE',
          `no device of ${state.username} can be reached: none has key packages`,
        );
      }
      packages.push(...claimed);
    }
    return packages;
  }

  /** Puts a commit into the outbox. */
  async #put(tx: Transaction, pending: PendingCommit, intent: Intent): Promise<number> {
    const { random } = this.#parts;
    return await this.#parts.outbox().queueCommit(tx, {
      group: pending.group,
      messageId: pending.messageId,
      epoch: pending.epoch,
      body: pending.commit,
      welcome: pending.welcome ?? NOTHING,
      groupInfo: pending.groupInfo,
      commitBlob: random(BLOB_ID_BYTES),
      welcomeBlob: random(BLOB_ID_BYTES),
      groupInfoBlob: random(BLOB_ID_BYTES),
      added: pending.added.join('\n'),
      removed: pending.removed.join('\n'),
      isExternal: pending.isExternal ? 1 : 0,
      intent: JSON.stringify(intent),
    });
  }

  #mustUpdate({ mustUpdate, sentSinceUpdate, updatedAt }: GroupRow): boolean {
    return (
      mustUpdate === 1 || sentSinceUpdate >= UPDATE_AFTER_MESSAGES || this.#parts.now() - updatedAt > UPDATE_AFTER_MS
    );
  }

  #known(username: string): readonly AccountState[] {
    const state = this.#parts.directory.stateByName(username);
    return state === undefined ? [] : [state];
  }

  /** One change of a group after the other. */
  async #inTurn<T>(group: Uint8Array, work: () => Promise<T>): Promise<T> {
    const key = toHex(group);
    const before = this.#turns.get(key) ?? Promise.resolve();
    const turn = before.catch(() => undefined).then(work);
    this.#turns.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(key) === turn) this.#turns.delete(key);
    }
  }
}

const NOTHING = new Uint8Array(0);

function expectGroupName(name: string): void {
  const isFit = name.trim() !== '' && name.isWellFormed() && utf8Encode(name).length <= NAME_BYTES_MAX;
  if (!isFit) throw new ConfigError('E_USAGE', `The name of a group has 1 to ${NAME_BYTES_MAX} bytes`);
}

/** A group that is new to this device. */
export function freshGroup(now: number): Omit<GroupRow, 'group' | 'conversation' | 'state'> {
  return { epochMax: 0, removedDevices: '', sentSinceUpdate: 0, updatedAt: now, mustUpdate: 0, createdAt: now };
}

function leafOf({ accountId, agentId }: Member): { readonly accountId: Uint8Array; readonly agentId: string } {
  return { accountId, agentId };
}

/** Agent ids of listed devices of an account that are not in the group. */
function missingDevices(state: AccountState, members: readonly Member[]): readonly string[] {
  const present = new Set(members.map(({ agentId }) => agentId));
  return listedDevices(state)
    .map(({ agentId }) => agentId)
    .filter((id) => !present.has(id));
}
