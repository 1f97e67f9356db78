/** Compose: contents of this device, written down and put into the outbox in one transaction. */
import type { Crypto, Random } from '@sealane/shared/crypto';
import { viewOf, type Bodies, type Content, type ContentKind, type KnownContent } from '@sealane/e2ee/content';
import type { Transaction } from '@sealane/e2ee/storage';
import { MESSAGE_ID_BYTES } from '@sealane/shared/packets';
import { decodeTreeHead } from '@sealane/shared/transparency';
import { toHex } from '@sealane/shared/bytes';
import type { Directory } from './directory.ts';
import { encodedContent } from './encoded-content.ts';
import type { MessageBook } from './message-book.ts';
import type { Outbox } from './outbox.ts';
import { shownFields } from './shown-fields.ts';
import { tables, type AccountRow, type GroupRow, type MessageRow } from './tables.ts';

export interface ComposeParts {
  readonly book: MessageBook;
  readonly directory: Directory;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly now: () => number;
  outbox(): Outbox;
}

/** What is said about a message besides its kind. */
export interface ContentOptions {
  readonly ref?: Uint8Array | undefined;
  readonly expiresAfter?: number;
  /** Known before: of a file that was uploaded first. */
  readonly id?: Uint8Array | undefined;
}

/** A head goes to a group at most so often. */
const GOSSIP_MS = 3_600_000;

export class Compose {
  readonly #parts: ComposeParts;

  constructor(parts: ComposeParts) {
    this.#parts = parts;
  }

  /** A content of this device. */
  content<K extends ContentKind>(kind: K, body: Bodies[K], options: ContentOptions = {}): KnownContent {
    const { ref, expiresAfter = 0, id = this.#parts.random(MESSAGE_ID_BYTES) } = options;
    const header = { id, at: this.#parts.now(), expiresAfter, ...(ref !== undefined && { ref }) };
    // The pair of kind and body is one of the union; the compiler does not follow it through the type parameter.
    return { ...header, kind, body } as KnownContent;
  }

  /** A message that is shown. @returns its row, and its place in the outbox. */
  async shown(
    tx: Transaction,
    group: GroupRow,
    message: { readonly content: Content; readonly own: AccountRow },
  ): Promise<{ readonly row: MessageRow; readonly order: number }> {
    const row = await this.row(tx, group, message);
    const order = await this.hidden(tx, group.group, message.content);
    await this.#gossip(tx, group.group);
    return { row, order };
  }

  /** The row of a message that will go into the outbox later. */
  async row(
    tx: Transaction,
    group: GroupRow,
    { content, own }: { readonly content: Content; readonly own: AccountRow },
  ): Promise<MessageRow> {
    const { book, now } = this.#parts;
    const row = await book.add(tx, {
      ...shownFields(content),
      conversation: group.conversation,
      id: content.id,
      group: group.group,
      username: own.username,
      device: own.agentId,
      isOwn: 1,
      at: now(),
      state: 'sending',
      view: JSON.stringify(viewOf(content, own.accountId)),
    });
    await book.beginLife(tx, row, now());
    return row;
  }

  /** A content that is not shown by itself. @returns its place in the outbox. */
  async hidden(tx: Transaction, group: Uint8Array, content: Content): Promise<number> {
    const ttlMs = content.expiresAfter * 1_000;
    return await this.#parts
      .outbox()
      .queueMessage(tx, { group, id: content.id, content: encodedContent(content), ttlMs });
  }

  async receipt(
    tx: Transaction,
    group: Uint8Array,
    { delivered, read }: { readonly delivered: readonly Uint8Array[]; readonly read: readonly Uint8Array[] },
  ): Promise<void> {
    const readIds = new Set(read.map(toHex));
    // Read stands for delivered too.
    const only = delivered.filter((id) => !readIds.has(toHex(id)));
    if (only.length > 0)
      await this.hidden(tx, group, this.content('receipts', { status: 'delivered', messages: only }));
    if (read.length > 0) await this.hidden(tx, group, this.content('receipts', { status: 'read', messages: read }));
  }

  /** What the group is called, for those who came. */
  async groupName(tx: Transaction, group: Uint8Array): Promise<void> {
    const row = await tables.groups.get(tx, group);
    const conversation = row === undefined ? undefined : await tables.conversations.get(tx, row.conversation);
    if (conversation?.kind !== 'group') return;
    await this.hidden(tx, group, this.content('group-name', { name: conversation.name }));
  }

  /** The head of the transparency log that this device saw last, where the group has not heard of it lately. */
  async #gossip(tx: Transaction, group: Uint8Array): Promise<void> {
    const head = await this.#parts.directory.head(tx);
    const size = head === undefined ? undefined : decodeTreeHead(head)?.treeSize;
    if (head === undefined || size === undefined) return;
    const name = `gossip ${toHex(group)}`;
    const last = await tables.values.get(tx, name);
    const [lastSize, lastAt] = typeof last?.value === 'string' ? last.value.split(' ').map(Number) : [0, 0];
    const now = this.#parts.now();
    if (lastSize === size || now - (lastAt ?? 0) < GOSSIP_MS) return;
    await tables.values.put(tx, { name, value: `${size} ${now}` });
    await this.hidden(tx, group, this.content('tree-head', { head }));
  }
}
