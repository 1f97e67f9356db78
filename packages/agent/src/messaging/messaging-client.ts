/**
 * MessagingClient: end-to-end encrypted messaging of one device. Composes its parts and is what programs call; made by
 * `openMessaging`.
 *
 * Everything is written to the database of the device first and sent then; without a connection it waits in the outbox.
 */
import { toHex } from '@sealane/shared/bytes';
import { ConfigError } from '@sealane/shared/errors';
import type { KnownContent } from '@sealane/e2ee/content';
import type { Transaction } from '@sealane/e2ee/storage';
import type { TransferOptions } from './blobs.ts';
import { Calls } from './calls.ts';
import { applyToRow } from './content-rules.ts';
import { directConversation, groupConversation } from './ids.ts';
import type { CheckedAccount } from './directory-monitor.ts';
import { messageIdOf, unknownMessage } from './message-ids.ts';
import { messageOf, type Message } from './message.ts';
import { MessagingReader } from './messaging-reader.ts';
import { composeParts, type MessagingOptions, type MessagingParts } from './messaging-parts.ts';
import { tables, type GroupRow } from './tables.ts';

/** What is sent. */
export interface OutgoingMessage {
  readonly text: string;
  /** Id of the message that it answers. */
  readonly replyTo?: string | undefined;
  /** Life in seconds; default is that of the conversation. */
  readonly expiresAfterSeconds?: number | undefined;
}

/**
 * Messaging of one device.
 *
 * @example
 * const messaging = await openMessaging(agent, { dataDir: './alice' });
 * await messaging.accounts.register('alice', { password });
 * await messaging.sync();
 * await messaging.send(await messaging.conversationWith('bob'), { text: 'Hello' });
 */
export class MessagingClient extends MessagingReader {
  #endTransients: (() => void) | undefined;
  #endConnected: (() => void) | undefined;

  /** Offers, answers and ends of calls; what others say of them are events of type `call`. */
  readonly calls: Calls;

  /** For `openMessaging` alone. */
  constructor(options: MessagingOptions) {
    super((emit) => composeParts(options, emit));
    const { random, compose } = this.parts;
    this.calls = new Calls({ random, compose, say: (...call) => this.#sayCall(...call) });
  }

  /** Reads what is known; for `openMessaging` alone. */
  async open(): Promise<void> {
    await this.parts.directory.load();
    await this.parts.loadEngine();
    const { connection } = this.parts;
    this.#endConnected = connection.onConnected(() => this.parts.outbox.kick());
  }

  /** Register, log in and out, end the account. */
  get accounts(): MessagingParts['accounts'] {
    return this.parts.accounts;
  }

  /** Link, approve, list and revoke devices. */
  get devices(): MessagingParts['devices'] {
    return this.parts.devices;
  }

  /** Other accounts by name, who of them is there, and who sees that of this one. */
  get users(): MessagingParts['users'] {
    return this.parts.users;
  }

  /** The own username; undefined without an account. */
  get username(): string | undefined {
    return this.parts.usernameOrUndefined();
  }

  /** Whether this process takes what comes in; another one of the same data directory may. */
  get isSyncing(): boolean {
    return this.parts.sync.isRunning;
  }

  /**
   * Takes what waits for this device and goes on taking what comes. Resolves when it has caught up.
   *
   * @returns false when another process of this data directory does so.
   * @throws as `requireAccount`; ProtocolError `E_NOT_LOGGED_IN`; what cuts the connection.
   */
  async sync(signal?: AbortSignal): Promise<boolean> {
    const { sync, connection } = this.parts;
    await this.requireAccount();
    if (!(await sync.start())) return false;
    this.#endTransients ??= connection.onTransient((packet) => this.parts.typing.take(packet));
    await sync.caughtUp(signal);
    await this.parts.files.resume(signal === undefined ? {} : { signal });
    await this.parts.outbox.flush();
    return true;
  }

  /** @throws ConfigError `E_NO_ACCOUNT_HERE`; ProtocolError `E_NOT_LISTED`, `E_DEVICE_CLONED`: this device has no part in an account. */
  async requireAccount(): Promise<void> {
    await this.parts.account.require();
  }

  /** Opens the queue and does not wait: for a device that waits to be linked. */
  async listen(): Promise<boolean> {
    return await this.parts.sync.start();
  }

  /** Sends receipts, and what is in the outbox. @throws when the connection fails; all of it stays. */
  async flush(): Promise<void> {
    if (this.parts.usernameOrUndefined() !== undefined) await this.parts.receipts.queue();
    await this.parts.outbox.flush();
  }

  /**
   * The conversation with an account; it is made where there is none, which needs the server.
   *
   * @returns its id.
   */
  async conversationWith(username: string, signal?: AbortSignal): Promise<string> {
    const { groups, journal } = this.parts;
    const id = directConversation(username);
    const known = await journal.transaction((tx) => groups.direct(tx, username));
    if (known === undefined) await groups.createDirect(username, signal);
    return id;
  }

  /**
   * Sends a text. It is on this disk when this resolves, and goes out as soon as there is a connection.
   *
   * @returns the message, `sending`; its states are told as events. @see settled
   * @throws ProtocolError `E_UNVERIFIED` when the identity of a verified member changed; `E_NO_GROUP`.
   */
  async send(conversation: string, outgoing: OutgoingMessage): Promise<Message> {
    const { message } = await this.#say(conversation, outgoing);
    this.parts.outbox.kick();
    return message;
  }

  /** As `send`, and waits for the server. @returns the message, `sent`. @throws what the server said. */
  async sendAndWait(conversation: string, outgoing: OutgoingMessage, signal?: AbortSignal): Promise<Message> {
    const { message, order } = await this.#say(conversation, outgoing);
    await this.parts.outbox.settle(order, signal);
    return (await this.message(message.id)) ?? message;
  }

  /** Sends a file; resolves when the server has it and the message. @throws as `Files.send`. */
  async sendFile(
    conversation: string,
    path: string,
    options: TransferOptions & { readonly name?: string | undefined; readonly caption?: string } = {},
  ): Promise<Message> {
    const group = await this.#writable(conversation);
    const expiresAfter = (await this.conversation(conversation))?.expiresAfterSeconds ?? 0;
    const { message, order } = await this.parts.files.send(group, path, { ...options, expiresAfter });
    if (order > 0) await this.parts.outbox.settle(order, options.signal);
    return (await this.message(message.id)) ?? message;
  }

  /** Gets the file of a message. @throws as `Files.save`. */
  async saveFile(id: string, path: string, options: TransferOptions = {}): Promise<{ readonly sizeBytes: number }> {
    return await this.parts.files.save(id, path, options);
  }

  /** Says something else in an own message. @throws ConfigError `E_USAGE` for one of others, or one that has no text. */
  async edit(id: string, text: string): Promise<void> {
    await this.#about(id, (ref) => this.parts.compose.content('edit', { text }, { ref }));
  }

  /** Takes an own message back, on every device. */
  async delete(id: string): Promise<void> {
    await this.#about(id, (ref) => this.parts.compose.content('delete', {}, { ref }));
  }

  /** @param emoji empty takes the reaction back. */
  async react(id: string, emoji: string): Promise<void> {
    await this.#about(id, (ref) => {
      const body = { emoji: emoji === '' ? '-' : emoji, isRemoved: emoji === '' };
      return this.parts.compose.content('reaction', body, { ref });
    });
  }

  /** Sends a failed message again. */
  async retry(id: string): Promise<void> {
    const row = await this.find(id);
    if (row?.state !== 'failed') throw new ConfigError('E_USAGE', `There is no failed message ${id}`);
    if (row.kind !== 'text' && row.kind !== 'reply') throw new ConfigError('E_USAGE', 'Only texts can be sent again');
    const group = await this.#writable(row.conversation);
    const { compose, journal, book, outbox } = this.parts;
    const { body: text, expiresAfter, replyTo } = row;
    const content =
      row.kind === 'reply'
        ? compose.content('reply', { text }, { id: row.id, expiresAfter, ref: replyTo })
        : compose.content('text', { text }, { id: row.id, expiresAfter });
    await journal.transaction(async (tx) => {
      await book.change(tx, row, { state: 'sending', reason: '' });
      await compose.hidden(tx, group.group, content);
    });
    outbox.kick();
  }

  /** What was shown up to this position is read: its senders are told, where receipts are. */
  async markRead(conversation: string, upTo: number): Promise<void> {
    const { journal, book, receipts, now } = this.parts;
    await journal.transaction(async (tx) => {
      for (const row of await book.markRead(tx, conversation, { upTo, now: now() })) {
        if (row.isOwn === 0 && row.state === 'decrypted' && row.kind !== 'event')
          await receipts.note(tx, row.group, row.id, 'read');
      }
    });
  }

  /** Tells members who are connected; nothing is stored. A failure is no matter. */
  setTyping(conversation: string, isTyping: boolean): void {
    const told = this.activeGroup(conversation).then((row) => this.parts.typing.tell(row, isTyping));
    told.catch(() => undefined);
  }

  async setDraft(conversation: string, draft: string): Promise<void> {
    const { journal, book } = this.parts;
    await journal.transaction(async (tx) => {
      const row = await tables.conversations.get(tx, conversation);
      if (row !== undefined) await book.changeConversation(tx, row, { draft });
    });
  }

  /** Life of messages that are sent in a conversation, for all its members. @param seconds 0 for ever. */
  async setExpiry(conversation: string, seconds: number): Promise<void> {
    const { compose, journal, book, outbox } = this.parts;
    const group = await this.#writable(conversation);
    await journal.transaction(async (tx) => {
      const row = await tables.conversations.get(tx, conversation);
      if (row !== undefined) await book.changeConversation(tx, row, { expiresAfterSeconds: seconds });
      await compose.hidden(tx, group.group, compose.content('expiry', { seconds }));
    });
    outbox.kick();
  }

  /** Tells every conversation what this account calls itself. */
  async setProfile(profile: { readonly displayName: string; readonly about?: string }): Promise<void> {
    const { compose, journal, outbox } = this.parts;
    const { displayName, about = '' } = profile;
    await journal.transaction(async (tx) => {
      for (const { group, state } of await tables.groups.list(tx)) {
        if (state === 'active') await compose.hidden(tx, group, compose.content('profile', { displayName, about }));
      }
    });
    outbox.kick();
  }

  /** Makes a group. @returns its id and its conversation. */
  async createGroup(
    name: string,
    usernames: readonly string[] = [],
    signal?: AbortSignal,
  ): Promise<{ readonly group: string; readonly conversation: string }> {
    const group = await this.parts.groups.create(name, usernames, signal);
    this.parts.outbox.kick();
    return { group: toHex(group), conversation: groupConversation(group) };
  }

  /** Adds accounts, with all their devices. */
  async addMembers(conversation: string, usernames: readonly string[], signal?: AbortSignal): Promise<void> {
    const { group } = await this.activeGroup(conversation);
    await this.parts.groups.change(group, { kind: 'add', usernames, attempts: 0 }, signal);
    await this.parts.outbox.flush();
  }

  /** Removes accounts, with all their devices: they cannot read what follows. */
  async removeMembers(conversation: string, usernames: readonly string[], signal?: AbortSignal): Promise<void> {
    const { group } = await this.activeGroup(conversation);
    await this.parts.groups.change(group, { kind: 'remove', usernames, attempts: 0 }, signal);
  }

  /** Leaves a group: nothing of it is shown any more; another member commits the removal. */
  async leaveGroup(conversation: string, signal?: AbortSignal): Promise<void> {
    const { compose, journal, outbox } = this.parts;
    const { group } = await this.activeGroup(conversation);
    const order = await journal.transaction((tx) => compose.hidden(tx, group, compose.content('leave', {})));
    await outbox.settle(order, signal);
    await journal.transaction(async (tx) => {
      const row = await tables.groups.get(tx, group);
      if (row !== undefined) await tables.groups.patch(tx, row, { state: 'left' });
    });
  }

  /** Joins a group again whose state this device cannot trust by itself: its user was asked. */
  async healGroup(conversation: string): Promise<void> {
    const { healing, groups } = this.parts;
    await groups.tend(await healing.healFor(conversation));
  }

  /** The numbers were compared: this identity is accepted and verified. */
  async confirmSafetyNumber(username: string): Promise<void> {
    await this.parts.directory.confirm(username, 'verified');
  }

  /**
   * Has the server prove its entries of this account and of all that are known here; this happens by itself too, while `sync` goes on.
   *
   * @throws ProtocolError `E_DIRECTORY_LIE`.
   */
  checkDirectory(): AsyncIterable<CheckedAccount> {
    return this.parts.monitor.checkAll();
  }

  /** A changed identity is accepted without comparing: unverified again. */
  async acceptIdentity(username: string): Promise<void> {
    await this.parts.directory.confirm(username, 'unverified');
  }

  /** Removes messages whose time is over. @returns how many. */
  async sweep(): Promise<number> {
    return await this.parts.sweep();
  }

  /** For `export` and `import`. */
  get archive(): MessagingParts['archive'] {
    return this.parts.archive;
  }

  /** Ends: what was taken is told to the server, what was not sent stays in the outbox. Waits for no connection. */
  async close(): Promise<void> {
    this.#endTransients?.();
    this.#endConnected?.();
    this.parts.endCalls();
    await this.parts.sync.stop();
    await this.parts.chores.close();
    await this.parts.outbox.close();
    await this.parts.storage.close();
  }

  /** Writes a text down. */
  async #say(
    conversation: string,
    { text, replyTo, expiresAfterSeconds }: OutgoingMessage,
  ): Promise<{ readonly message: Message; readonly order: number }> {
    const { compose, journal, account } = this.parts;
    const ref = replyTo === undefined ? undefined : messageIdOf(replyTo);
    const group = await this.#writable(conversation);
    const own = await account.require();
    const expiresAfter = expiresAfterSeconds ?? (await this.conversation(conversation))?.expiresAfterSeconds ?? 0;
    const content = compose.content(ref === undefined ? 'text' : 'reply', { text }, { ref, expiresAfter });
    const { row, order } = await journal.transaction((tx) => compose.shown(tx, group, { content, own }));
    return { message: messageOf(row), order };
  }

  async #sayCall(conversation: string, content: KnownContent, isShown: boolean): Promise<void> {
    const { compose, journal, account, outbox } = this.parts;
    const group = await this.#writable(conversation);
    const own = await account.require();
    await journal.transaction(async (tx) => {
      if (isShown) await compose.shown(tx, group, { content, own });
      else await compose.hidden(tx, group.group, content);
    });
    outbox.kick();
  }

  /** A content about a message that is here: it counts here at once. */
  async #about(id: string, make: (ref: Uint8Array) => KnownContent): Promise<void> {
    const { compose, journal, account, outbox } = this.parts;
    const row = await this.find(id);
    if (row === undefined || row.view === '') throw unknownMessage(id);
    const group = await this.#writable(row.conversation);
    const own = await account.require();
    const content = make(row.id);
    await journal.transaction(async (tx) => {
      const counts = await applyToRow(tx, this.parts, row, { content, from: own.accountId });
      if (!counts) throw new ConfigError('E_USAGE', `A ${content.kind} of this message does not count`);
      await compose.hidden(tx, group.group, content);
    });
    outbox.kick();
  }

  /** The group that carries a conversation, ready to be written to. @throws ProtocolError `E_UNVERIFIED`, `E_NO_GROUP`. */
  async #writable(conversation: string): Promise<GroupRow> {
    await this.parts.account.require();
    const row = await this.activeGroup(conversation);
    // Devices that are listed or revoked since: before anything is sealed, where the server can be reached.
    if (row.state === 'active' && this.parts.isConnected()) await this.parts.tend(row.group);
    await this.parts.journal.transaction((tx) => this.#expectSendable(tx, row.group));
    return row;
  }

  async #expectSendable(tx: Transaction, group: Uint8Array): Promise<void> {
    const { directory } = this.parts;
    const members = await this.parts.engine().members(tx, group);
    const names = members.flatMap(({ accountId }) => directory.stateById(accountId)?.username ?? []);
    await directory.expectSendable(tx, new Set(names));
  }
}
