/** MessagingReader: what a messaging client knows, read from the database of its device. */
import { EventEmitter } from 'node:events';
import { fromHex, toHex } from '@sealane/shared/bytes';
import { deviceOf, isExpired, type AccountState } from '@sealane/shared/accounts';
import { ConfigError, ProtocolError, type SealaneError } from '@sealane/shared/errors';
import { explained } from '@sealane/node/config';
import { MESSAGE_ID_BYTES } from '@sealane/shared/packets';
import { isDamage } from './call-failure.ts';
import { groupOfConversation } from './ids.ts';
import { conversationOf, messageOf, type Conversation, type Message } from './message.ts';
import type { MessagingEvent } from './messaging-event.ts';
import type { MessagingParts } from './messaging-parts.ts';
import { tables, type GroupRow, type MessageRow } from './tables.ts';

/** A member of a conversation. */
export interface MemberView {
  readonly username: string;
  readonly isOwn: boolean;
  readonly trust: 'unverified' | 'verified' | 'changed';
  readonly devices: readonly {
    readonly id: string;
    readonly name: string;
    readonly state: 'listed' | 'expired' | 'revoked';
  }[];
}

/** A group. */
export interface GroupSummary {
  readonly group: string;
  readonly name: string;
  readonly conversation: string;
  readonly state: GroupRow['state'];
  readonly members: readonly MemberView[];
}

/** What two people compare. */
export interface SafetyNumber {
  /** 12 groups of 5 digits. */
  readonly digits: string;
  /** Text of the QR code. */
  readonly code: string;
  readonly trust: 'unverified' | 'verified' | 'changed';
}

/** Events of a client: each under `event`. */
export interface MessagingEvents {
  event: [MessagingEvent];
}

const SEARCH_MAX = 1_000;

/** For `MessagingClient`, which is what programs have. */
export abstract class MessagingReader extends EventEmitter<MessagingEvents> {
  protected readonly parts: MessagingParts;

  /** @param compose makes the parts; they tell what happens through this. */
  protected constructor(compose: (emit: (event: MessagingEvent) => void) => MessagingParts) {
    super();
    this.parts = compose((event) => this.emit('event', event));
  }

  /** Conversations, the latest first. */
  async conversations(): Promise<readonly Conversation[]> {
    return await this.parts.journal.transaction((tx) => this.parts.book.conversations(tx));
  }

  /** The conversation with this id. */
  async conversation(id: string): Promise<Conversation | undefined> {
    const row = await this.parts.journal.transaction((tx) => tables.conversations.get(tx, id));
    return row === undefined ? undefined : conversationOf(row);
  }

  /** Messages of a conversation, oldest first. @param range.before only those before this position. */
  async messages(
    conversation: string,
    range: { readonly limit: number; readonly before?: number },
  ): Promise<readonly Message[]> {
    return await this.parts.journal.transaction((tx) => this.parts.book.messages(tx, conversation, range));
  }

  /** The newest messages of every conversation, oldest first. */
  async latest(limit: number): Promise<readonly Message[]> {
    return await this.parts.journal.transaction((tx) => this.parts.book.latest(tx, limit, () => true));
  }

  /** Messages of every conversation behind a position, oldest first. */
  async since(order: number, limit: number): Promise<readonly Message[]> {
    return await this.parts.journal.transaction((tx) => this.parts.book.since(tx, order, limit));
  }

  async message(id: string): Promise<Message | undefined> {
    const row = await this.find(id);
    return row === undefined ? undefined : messageOf(row);
  }

  /** Messages that have all the words, oldest first; of more than `limit` the latest. */
  async search(
    words: string,
    options: { readonly conversation?: string | undefined; readonly limit?: number } = {},
  ): Promise<readonly Message[]> {
    const { conversation, limit = SEARCH_MAX } = options;
    const wanted = words
      .toLocaleLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    return await this.parts.journal.transaction((tx) =>
      this.parts.book.latest(tx, limit, (message) => {
        const text = message.body.toLocaleLowerCase();
        const isThere = conversation === undefined || message.conversation === conversation;
        return isThere && wanted.every((word) => text.includes(word));
      }),
    );
  }

  /** Groups, with their members. */
  async groups(): Promise<readonly GroupSummary[]> {
    const rows = await this.parts.journal.transaction((tx) => tables.groups.list(tx));
    const summaries: GroupSummary[] = [];
    for (const { group, conversation, state } of rows) {
      if (!conversation.startsWith('#')) continue;
      const name = (await this.conversation(conversation))?.name ?? '';
      const members = state === 'active' ? await this.members(conversation).catch(noneIfDamaged) : [];
      summaries.push({ group: toHex(group), name, conversation, state, members });
    }
    return summaries;
  }

  /** The group of an id or of a name. @throws ConfigError `E_USAGE` when there is none, or several of that name. */
  async groupNamed(text: string): Promise<string> {
    const conversations = (await this.conversations()).filter(({ kind }) => kind === 'group');
    const byId = conversations.find(({ id }) => id === `#${text.toLowerCase()}` || id === text);
    if (byId !== undefined) return byId.id;
    const named = conversations.filter(({ name }) => name === text);
    if (named.length > 1) throw groupUnclear(`Several groups are called ${JSON.stringify(text)}: name its id`);
    if (named[0] === undefined) throw groupUnclear(`There is no group ${JSON.stringify(text)} on this device`);
    return named[0].id;
  }

  /** As `groupNamed`; a chat with one account too, by `@USER` or by the id of the group behind it. */
  async chatNamed(text: string): Promise<string> {
    if (text.startsWith('@')) return text.toLowerCase();
    const rows = await this.parts.journal.transaction((tx) => tables.groups.list(tx));
    const row = rows.find(({ group }) => toHex(group) === text.toLowerCase());
    return row?.conversation ?? (await this.groupNamed(text));
  }

  /** Members of a conversation, the own account first. */
  async members(conversation: string): Promise<readonly MemberView[]> {
    const { groups, directory } = this.parts;
    const { group } = await this.activeGroup(conversation);
    const contacts = new Map((await directory.contacts()).map((row) => [row.username, row.trust]));
    const members = await groups.members(group);
    return members.map(({ username, devices, isOwn }) => {
      const state = directory.stateByName(username);
      const trust = isOwn ? 'verified' : (contacts.get(username) ?? 'unverified');
      return { username, isOwn, trust, devices: devices.map((id) => this.#deviceView(state, id)) };
    });
  }

  /** The number that this user and another one compare. Asks the directory first, where there is a connection. */
  async safetyNumber(username: string): Promise<SafetyNumber> {
    const { directory, account } = this.parts;
    const own = await account.require();
    if (own.username === username)
      throw new ConfigError('E_USAGE', 'There is nothing to compare with oneself: name another user');
    const theirs = await directory.refresh(username);
    const mine = directory.stateByName(own.username) ?? (await directory.refresh(own.username));
    const contact = await directory.contact(username);
    return { ...directory.safetyNumber(mine, theirs), trust: contact?.trust ?? 'unverified' };
  }

  protected async activeGroup(conversation: string): Promise<GroupRow> {
    const { journal, groups } = this.parts;
    const id = groupOfConversation(conversation);
    const row = await journal.transaction((tx) =>
      id === undefined ? groups.direct(tx, conversation.slice(1)) : tables.groups.get(tx, id),
    );
    if (row === undefined) throw unknownConversation(conversation);
    if (row.state === 'left' || row.state === 'removed') {
      throw new ProtocolError('E_NO_GROUP', 'This device is no longer in the group');
    }
    return row;
  }

  protected async find(id: string): Promise<MessageRow | undefined> {
    const bytes = fromHex(id);
    if (bytes?.length !== MESSAGE_ID_BYTES) return undefined;
    return await this.parts.journal.transaction((tx) => this.parts.book.find(tx, bytes));
  }

  #deviceView(state: AccountState | undefined, id: string): MemberView['devices'][number] {
    const device = state === undefined ? undefined : deviceOf(state, id);
    const isOver = device !== undefined && isExpired(device, Math.floor(this.parts.now() / 1_000));
    const standing = device?.revoked !== undefined ? 'revoked' : isOver ? 'expired' : 'listed';
    return { id, name: device?.name ?? '', state: standing };
  }
}

function groupUnclear(message: string): SealaneError {
  const why = 'A group is named by its id, or by a name that only one has.';
  return explained(new ConfigError('E_USAGE', message), {
    why,
    next: 'See the groups of this device with `group list`.',
  });
}

/** Nobody can say who is in a group whose rows are damaged, until it is joined again. */
function noneIfDamaged(error: unknown): readonly MemberView[] {
  if (isDamage(error)) return [];
  throw error;
}

/** @returns the error for a conversation that is not here. */
function unknownConversation(conversation: string): SealaneError {
  return new ConfigError('E_USAGE', `There is no conversation ${JSON.stringify(conversation)} on this device`);
}
