/**
 * ContentRules: what the content of a message does to the rows of this device. Who said it is what MLS authenticated; whether
 * an edit, a deletion, a reaction or a receipt counts is said by the rules of `@sealane/e2ee/content`.
 */
import { concat, toHex } from '@sealane/shared/bytes';
import type { Crypto } from '@sealane/shared/crypto';
import { MESSAGE_ID_BYTES } from '@sealane/shared/packets';
import type { Sender } from '@sealane/e2ee/engine';
import {
  applyContent,
  decodeContent,
  leastReceipt,
  viewOf,
  type Content,
  type MessageView,
} from '@sealane/e2ee/content';
import type { Transaction } from '@sealane/e2ee/storage';
import { callSignalOf } from './call-signal.ts';
import type { Chores } from './chores.ts';
import type { Directory } from './directory.ts';
import type { Journal } from './journal.ts';
import { jsonOf } from './json-column.ts';
import type { MessageBook } from './message-book.ts';
import type { Receipts } from './receipts.ts';
import { shownFields } from './shown-fields.ts';
import { tables, type GroupRow, type MessageRow } from './tables.ts';
import { isPlaceholder, type WaitingItems } from './waiting-items.ts';

/** Why a message is lost whose id is that of another one. */
const ID_TAKEN = 'id-taken';

export interface ContentRulesParts {
  readonly journal: Journal;
  readonly book: MessageBook;
  readonly chores: Chores;
  readonly directory: Directory;
  readonly crypto: Crypto;
  readonly waiting: WaitingItems;
  readonly now: () => number;
  receipts(): Receipts;
  username(): string;
  /** Accounts of a group but the own one, 32-byte ids in hexadecimal. */
  others(tx: Transaction, group: Uint8Array): Promise<readonly string[]>;
}

/** A message that was opened. */
export interface OpenedMessage {
  readonly group: GroupRow;
  readonly item: { readonly messageId: Uint8Array; readonly at: number };
  readonly sender: Sender;
  readonly plaintext: Uint8Array;
}

export class ContentRules {
  readonly #parts: ContentRulesParts;

  constructor(parts: ContentRulesParts) {
    this.#parts = parts;
  }

  /** Applies one message, within the transaction in which it was opened. */
  async apply(tx: Transaction, message: OpenedMessage): Promise<void> {
    const content = decodeContent(message.plaintext);
    const { group, item } = message;
    const placeholder = await this.#parts.waiting.placeOf(tx, { group: group.group, messageId: item.messageId });
    if (content === undefined) {
      if (placeholder !== undefined)
        await this.#parts.book.change(tx, placeholder, { state: 'lost', reason: 'malformed' });
      return;
    }
    const isShown =
      viewOf(content, message.sender.accountId) !== undefined &&
      content.kind !== 'group-name' &&
      content.kind !== 'expiry';
    const isItsPlace =
      isShown && toHex(content.id) === toHex(item.messageId) && placeholder?.conversation === group.conversation;
    if (placeholder !== undefined && !isItsPlace) await this.#parts.book.remove(tx, placeholder);
    if (isShown) await this.#add(tx, message, content);
    else await this.#applyOther(tx, message, content);
    this.#tellCall(tx, message, content);
  }

  #tellCall(tx: Transaction, { group, item, sender }: OpenedMessage, content: Content): void {
    const signal = callSignalOf(content);
    if (signal === undefined) return;
    const from = { user: this.#nameOf(sender), device: sender.agentId };
    const about = { conversation: group.conversation, from, isOwn: this.#isOwn(sender), at: item.at };
    this.#parts.journal.tell(tx, { type: 'call', ...about, signal });
  }

  async #add(tx: Transaction, { group, item, sender }: OpenedMessage, content: Content): Promise<void> {
    const { book, now } = this.#parts;
    const username = this.#nameOf(sender);
    const isOwn = username === this.#parts.username();
    const from = { conversation: group.conversation, group: group.group, username, device: sender.agentId };
    const base = { ...from, isOwn: isOwn ? 1 : 0, at: item.at } as const;
    const known = await book.find(tx, content.id);
    if (known !== undefined && isOfAnother(known, { ...base, messageId: item.messageId })) {
      const id = this.#parts.crypto.sha256(concat(item.messageId, sender.accountId)).slice(0, MESSAGE_ID_BYTES);
      await book.add(tx, { ...base, id, kind: 'unknown', body: '', state: 'lost', reason: ID_TAKEN });
      return;
    }
    const row = await book.add(tx, {
      ...shownFields(content),
      ...base,
      id: content.id,
      state: isOwn ? 'sent' : 'decrypted',
      view: JSON.stringify(viewOf(content, sender.accountId)),
    });
    if (isOwn) await book.beginLife(tx, row, now());
    else await this.#parts.receipts().note(tx, group.group, content.id, 'delivered');
  }

  async #applyOther(tx: Transaction, message: OpenedMessage, content: Content): Promise<void> {
    const { group, sender } = message;
    const { book, chores } = this.#parts;
    const conversation = await tables.conversations.get(tx, group.conversation);
    switch (content.kind) {
      case 'edit':
      case 'delete':
      case 'reaction':
        if (content.ref !== undefined) await this.#change(tx, content.ref, message, content);
        return;
      case 'receipts':
        for (const id of content.body.messages) await this.#change(tx, id, message, content);
        return;
      case 'expiry':
        if (conversation !== undefined) {
          await book.changeConversation(tx, conversation, { expiresAfterSeconds: content.body.seconds });
        }
        return;
      case 'group-name':
        if (conversation?.kind === 'group')
          await book.changeConversation(tx, conversation, { name: content.body.name });
        return;
      case 'profile':
        await this.#profile(tx, sender, content.body.displayName);
        return;
      case 'tree-head': {
        await chores.add(tx, 'gossip', { data: content.body.head });
        return;
      }
      case 'leave': {
        await chores.add(tx, 'remove', { group: group.group, username: this.#nameOf(sender) });
        return;
      }
      default:
        // Typing comes unstored, and calls are told.
        return;
    }
  }

  /** What this content makes of the message it is about; only within the same conversation. */
  async #change(tx: Transaction, id: Uint8Array, message: OpenedMessage, content: Content): Promise<void> {
    const { group, sender } = message;
    const row = await this.#parts.book.find(tx, id);
    if (row === undefined || row.view === '' || row.conversation !== group.conversation) return;
    const isOwnReading = content.kind === 'receipts' && content.body.status === 'read' && this.#isOwn(sender);
    if (isOwnReading) {
      await this.#readElsewhere(tx, row);
      return;
    }
    await applyToRow(tx, this.#parts, row, { content, from: sender.accountId });
    if (content.kind === 'receipts' && row.isOwn === 1) await this.#advance(tx, row.id, group.group);
  }

  async #advance(tx: Transaction, id: Uint8Array, group: Uint8Array): Promise<void> {
    const { book } = this.#parts;
    const row = await book.find(tx, id);
    if (row === undefined) return;
    const status = leastReceipt(jsonOf(row.view) as MessageView, await this.#parts.others(tx, group));
    if (status !== undefined) await book.advance(tx, row, status);
  }

  /** Another own device has shown it. */
  async #readElsewhere(tx: Transaction, row: MessageRow): Promise<void> {
    if (row.isOwn === 1 || row.isRead === 1) return;
    const { book, now } = this.#parts;
    await book.change(tx, row, { isRead: 1 });
    await book.beginLife(tx, { ...row, isRead: 1 }, now());
    const conversation = await tables.conversations.get(tx, row.conversation);
    if (conversation === undefined) return;
    await book.changeConversation(tx, conversation, { unread: Math.max(0, conversation.unread - 1) });
  }

  async #profile(tx: Transaction, sender: Sender, displayName: string): Promise<void> {
    const username = this.#nameOf(sender);
    const contact = await tables.contacts.get(tx, username);
    if (contact === undefined || contact.displayName === displayName) return;
    await tables.contacts.patch(tx, contact, { displayName });
    this.#parts.journal.tell(tx, { type: 'contact-changed', username, change: 'profile' });
  }

  #isOwn(sender: Sender): boolean {
    return this.#nameOf(sender) === this.#parts.username();
  }

  #nameOf({ accountId }: Sender): string {
    return this.#parts.directory.stateById(accountId)?.username ?? toHex(accountId).slice(0, 16);
  }
}

/** Whether a row that has the id of a message is of another sender, chat or item: of one that cannot be read yet, its item is known. */
function isOfAnother(
  known: MessageRow,
  message: Pick<MessageRow, 'conversation' | 'username'> & { readonly messageId: Uint8Array },
): boolean {
  if (known.conversation !== message.conversation) return true;
  if (isPlaceholder(known)) return toHex(known.id) !== toHex(message.messageId);
  return known.username !== message.username;
}

/** Applies a content of an account to the row of a message. @returns whether it counts. */
export async function applyToRow(
  tx: Transaction,
  { book, directory }: Pick<ContentRulesParts, 'book' | 'directory'>,
  row: MessageRow,
  { content, from }: { readonly content: Content; readonly from: Uint8Array },
): Promise<boolean> {
  const result = applyContent(jsonOf(row.view) as MessageView, content, from);
  if (!result.ok) return false;
  const reactions = Object.entries(result.view.reactions).flatMap(([account, { emoji }]) => {
    const name = directory.nameOf(account);
    return emoji === undefined ? [] : [[name, emoji] as const];
  });
  await book.show(tx, row, result.view, Object.fromEntries(reactions));
  return true;
}
