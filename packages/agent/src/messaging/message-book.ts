/**
 * MessageBook: the rows of messages and conversations, and every change of them. All of it happens inside the transaction
 * of whoever calls; what changed is noted and told when that has been written.
 */
import type { MessageView } from '@sealane/e2ee/content';
import type { Transaction } from '@sealane/e2ee/storage';
import { conversationOf, messageOf, type Conversation, type Message } from './message.ts';
import type { MessagingEvent } from './messaging-event.ts';
import {
  nextNumber,
  tables,
  type ConversationRow,
  type MessageRow,
  type MessageState,
  type TimelineRow,
} from './tables.ts';

/** What a new message brings; the rest has defaults. */
export type NewMessage = Pick<
  MessageRow,
  'conversation' | 'id' | 'group' | 'username' | 'device' | 'isOwn' | 'kind' | 'body' | 'at' | 'state'
> &
  Partial<Pick<MessageRow, 'details' | 'replyTo' | 'reason' | 'expiresAfter' | 'expiresAt' | 'isRead' | 'view'>>;

/** Progress of an own message: a later state is never taken back by an earlier one. */
const OWN_STATES: readonly MessageState[] = ['failed', 'sending', 'sent', 'delivered', 'read'];
/** Characters of a message that the list of conversations shows. */
const LAST_TEXT_CHARACTERS_MAX = 120;
/** Rows among which the last text is looked for: others are events. */
const LAST_ROWS = 16;
/** Rows that are read at once. */
const PAGE_ROWS = 200;
const NOTHING = new Uint8Array(0);

export class MessageBook {
  readonly #tell: (tx: Transaction, event: MessagingEvent) => void;

  /** @param tell takes what is to be told once the transaction has been written. */
  constructor(tell: (tx: Transaction, event: MessagingEvent) => void) {
    this.#tell = tell;
  }

  /** Adds a message at the end of its conversation. @returns its row; the one that is there for a known id. */
  async add(tx: Transaction, message: NewMessage): Promise<MessageRow> {
    const known = await this.find(tx, message.id);
    // Whoever takes an id of another conversation gets no place in that.
    if (known !== undefined && known.conversation !== message.conversation) return known;
    if (known !== undefined) return await this.#settle(tx, known, message);
    const order = await nextNumber(tx, 'order');
    const row: MessageRow = {
      details: '',
      replyTo: NOTHING,
      reason: '',
      expiresAfter: 0,
      expiresAt: 0,
      view: '',
      ...message,
      order,
      isRead: message.isRead ?? message.isOwn,
      editedAt: 0,
      isDeleted: 0,
      reactions: '',
    };
    await tables.messages.put(tx, row);
    await tables.places.put(tx, { id: row.id, conversation: row.conversation, order });
    await tables.timeline.put(tx, { order, conversation: row.conversation });
    if (row.expiresAt > 0) await tables.expiries.put(tx, row);
    await this.#noteLast(tx, row);
    this.#tell(tx, { type: 'message', message: messageOf(row) });
    return row;
  }

  /** The message with this id. */
  async find(tx: Transaction, id: Uint8Array): Promise<MessageRow | undefined> {
    const place = await tables.places.get(tx, id);
    return place === undefined ? undefined : await tables.messages.get(tx, place.conversation, place.order);
  }

  /** Writes some fields of a message, and tells it. */
  async change(tx: Transaction, row: MessageRow, fields: Partial<MessageRow>): Promise<MessageRow> {
    const changed = await tables.messages.patch(tx, row, fields);
    this.#tell(tx, { type: 'message-changed', message: messageOf(changed) });
    return changed;
  }

  /** Moves an own message on; never back. */
  async advance(
    tx: Transaction,
    row: MessageRow,
    state: MessageState,
    fields: Partial<MessageRow> = {},
  ): Promise<void> {
    const isLater = OWN_STATES.indexOf(state) > OWN_STATES.indexOf(row.state);
    if (row.isOwn === 1 && (isLater || state === 'failed')) await this.change(tx, row, { ...fields, state });
  }

  /** Takes what edits, reactions and receipts made of a message. */
  async show(
    tx: Transaction,
    row: MessageRow,
    view: MessageView,
    reactions: Readonly<Record<string, string>>,
  ): Promise<void> {
    const erased = view.isDeleted ? { details: '', body: '' } : {};
    const text = row.kind === 'file' ? {} : { body: view.text ?? row.body };
    await this.change(tx, row, {
      ...text,
      ...erased,
      isDeleted: view.isDeleted ? 1 : 0,
      editedAt: view.edited?.at ?? 0,
      reactions: JSON.stringify(reactions),
      view: JSON.stringify(view),
    });
    if (view.isDeleted || view.text !== row.body) await this.#refresh(tx, row.conversation);
  }

  /** The life of a message that expires begins. */
  async beginLife(tx: Transaction, row: MessageRow, from: number): Promise<void> {
    if (row.expiresAfter === 0 || row.expiresAt > 0) return;
    const changed = await this.change(tx, row, { expiresAt: from + row.expiresAfter * 1_000 });
    await tables.expiries.put(tx, changed);
  }

  /** Removes a message without a trace. */
  async remove(tx: Transaction, row: MessageRow): Promise<void> {
    await tables.messages.delete(tx, row.conversation, row.order);
    await tables.places.delete(tx, row.id);
    await tables.timeline.delete(tx, row.order);
    if (row.expiresAt > 0) await tables.expiries.delete(tx, row.expiresAt, row.conversation, row.order);
    await this.#refresh(tx, row.conversation, { unreadLess: row.isRead === 0 ? 1 : 0 });
    const { id, conversation } = messageOf(row);
    this.#tell(tx, { type: 'message-gone', id, conversation });
  }

  /** Marks what is unread up to a position as read. @returns those messages. */
  async markRead(
    tx: Transaction,
    conversation: string,
    { upTo, now }: { readonly upTo: number; readonly now: number },
  ): Promise<readonly MessageRow[]> {
    const row = await tables.conversations.get(tx, conversation);
    if (row === undefined || row.unread === 0) return [];
    const unread = await this.#unread(tx, row, upTo);
    for (const message of unread) {
      const read = await tables.messages.patch(tx, message, { isRead: 1 });
      await this.beginLife(tx, read, now);
    }
    const left = Math.max(0, row.unread - unread.length);
    await this.changeConversation(tx, row, { unread: left });
    return unread;
  }

  /** The conversation, made where it is missing. */
  async conversation(
    tx: Transaction,
    fresh: Pick<ConversationRow, 'id' | 'kind' | 'username' | 'name'>,
  ): Promise<ConversationRow> {
    const known = await tables.conversations.get(tx, fresh.id);
    if (known !== undefined) return known;
    const rest = { lastAt: 0, lastText: '', unread: 0, draft: '', expiresAfterSeconds: 0 };
    const row: ConversationRow = { ...fresh, ...rest };
    await this.changeConversation(tx, row, {});
    return row;
  }

  async changeConversation(tx: Transaction, row: ConversationRow, fields: Partial<ConversationRow>): Promise<void> {
    await tables.conversations.patch(tx, row, fields);
    this.#tell(tx, { type: 'conversation-changed', conversation: row.id });
  }

  /** Messages of a conversation, oldest first. @param before only those before this position. */
  async messages(
    tx: Transaction,
    conversation: string,
    { limit, before }: { readonly limit: number; readonly before?: number },
  ): Promise<readonly Message[]> {
    const to = before === undefined ? {} : { to: [conversation, before] };
    const rows = await tables.messages.list(tx, { prefix: [conversation], ...to, limit, reverse: true });
    return rows.map(messageOf).reverse();
  }

  /** Conversations, the latest first. */
  async conversations(tx: Transaction): Promise<readonly Conversation[]> {
    const rows = await tables.conversations.list(tx);
    return rows.map(conversationOf).sort((a, b) => b.lastAt - a.lastAt);
  }

  /** Messages of every conversation behind a position, oldest first. */
  async since(tx: Transaction, order: number, limit: number): Promise<readonly Message[]> {
    const places = await tables.timeline.list(tx, { from: [order + 1], limit });
    return await this.#at(tx, places);
  }

  /** The newest messages of every conversation that `fits`, oldest first. */
  async latest(tx: Transaction, limit: number, fits: (message: Message) => boolean): Promise<readonly Message[]> {
    const found: Message[] = [];
    for (let to: { to?: [number] } = {}; found.length < limit;) {
      const places = await tables.timeline.list(tx, { ...to, reverse: true, limit: PAGE_ROWS });
      found.push(...(await this.#at(tx, places)).filter(fits));
      const last = places.at(-1);
      if (last === undefined || places.length < PAGE_ROWS) break;
      to = { to: [last.order] };
    }
    return found.slice(0, limit).reverse();
  }

  async #at(tx: Transaction, places: readonly TimelineRow[]): Promise<readonly Message[]> {
    const messages: Message[] = [];
    for (const { conversation, order } of places) {
      const row = await tables.messages.get(tx, conversation, order);
      if (row !== undefined) messages.push(messageOf(row));
    }
    return messages;
  }

  /** From the newest down, until all that are unread were seen. */
  async #unread(tx: Transaction, { id, unread }: ConversationRow, upTo: number): Promise<readonly MessageRow[]> {
    const found: MessageRow[] = [];
    for (let before = upTo + 1; ;) {
      const page = await tables.messages.list(tx, { prefix: [id], to: [id, before], reverse: true, limit: PAGE_ROWS });
      found.push(...page.filter(({ isRead }) => isRead === 0));
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE_ROWS || found.length >= unread) return found.reverse();
      before = last.order;
    }
  }

  /** What was marked waiting, healing or sending gets its outcome: it is what it would have been in its time. */
  async #settle(tx: Transaction, known: MessageRow, message: NewMessage): Promise<MessageRow> {
    if (known.isOwn === 1 || known.state === 'decrypted') return known;
    const { state, reason = '', body, kind, details = '', replyTo = NOTHING, username, device, view = '' } = message;
    // What nobody could read was not read, whoever looked at its place.
    const { isOwn, isRead = state === 'decrypted' ? 0 : isOwn || known.isRead, expiresAfter = 0 } = message;
    const shown = { state, reason, body, kind, details, replyTo, username, device, view, isOwn, isRead, expiresAfter };
    const settled = await this.change(tx, known, shown);
    await this.#refresh(tx, known.conversation, { unreadLess: isRead - known.isRead });
    return settled;
  }

  async #noteLast(tx: Transaction, { conversation, at, body, isRead, kind }: MessageRow): Promise<void> {
    const row = await tables.conversations.get(tx, conversation);
    if (row === undefined) return;
    const unread = row.unread + (isRead === 1 ? 0 : 1);
    const lastText = kind === 'event' ? row.lastText : body.slice(0, LAST_TEXT_CHARACTERS_MAX);
    await this.changeConversation(tx, row, { lastAt: Math.max(row.lastAt, at), lastText, unread });
  }

  /** The last text of a conversation and how many are unread, once a message of it is another one, or gone. */
  async #refresh(tx: Transaction, conversation: string, { unreadLess = 0 } = {}): Promise<void> {
    const row = await tables.conversations.get(tx, conversation);
    if (row === undefined) return;
    const latest = await tables.messages.list(tx, { prefix: [conversation], reverse: true, limit: LAST_ROWS });
    const last = latest.find(({ kind }) => kind !== 'event');
    const lastText = (last?.body ?? '').slice(0, LAST_TEXT_CHARACTERS_MAX);
    await this.changeConversation(tx, row, { lastText, unread: Math.max(0, row.unread - unreadLess) });
  }
}
