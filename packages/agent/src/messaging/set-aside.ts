/**
 * SetAside: rows of the database that cannot be read are moved into a table of their own, so that one of them does not stop
 * everything; what other rows can say of them is put in their place, and the user is told.
 *
 * Never the account of the device: without it nothing else is of use, and whoever lost it has to know.
 */
import { toHex } from '@sealane/shared/bytes';
import { StorageError } from '@sealane/shared/errors';
import { MESSAGE_ID_BYTES } from '@sealane/shared/packets';
import { encodeKey, type DamagedRow, type Transaction } from '@sealane/e2ee/storage';
import { groupOfConversation } from './ids.ts';
import { messageOf } from './message.ts';
import type { MessagingEvent } from './messaging-event.ts';
import { WAITING_COUNT, tables, type MessageRow } from './tables.ts';

type Tell = (event: MessagingEvent) => void;

/** The count of `nextNumber` is among the first, since what follows may number rows. */
const { account, damaged, values, ...others } = tables;
const RECOVERABLE = [values, ...Object.values(others)];
const NOTHING = new Uint8Array(0);

/**
 * Moves what is damaged out of the way.
 *
 * @returns how many rows.
 * @throws StorageError where the row of the account is among them: nothing is moved then.
 */
export async function setAsideDamaged(tx: Transaction, tell: Tell): Promise<number> {
  await account.get(tx, 'self');
  const found = new Map<string, readonly DamagedRow[]>();
  for (const table of RECOVERABLE) {
    const rows = await table.takeDamaged(tx);
    for (const { key, bytes } of rows) await damaged.put(tx, { table: table.name, key, bytes });
    if (rows.length > 0) found.set(table.name, rows);
  }
  await showLost(tx, found.get(tables.messages.name) ?? [], tell);
  if ([tables.places, tables.timeline, tables.expiries].some(({ name }) => found.has(name))) await reindex(tx);
  if (found.has(tables.conversations.name)) await remakeConversations(tx);
  if (found.has(tables.outbox.name) || found.has(tables.uploads.name)) await failUnsent(tx, tell);
  if (found.has(tables.waiting.name) || found.has(values.name)) {
    await values.put(tx, { name: WAITING_COUNT, value: (await tables.waiting.list(tx)).length });
  }
  for (const [table, rows] of found) tell({ type: 'set-aside', table, rows: rows.length });
  return found.size;
}

/** What a person has to know of it. */
export function setAsideError(table: string, rows: number): StorageError {
  const what = rows === 1 ? 'A row was' : `${rows} rows were`;
  return new StorageError('E_DATA', `${what} damaged in ${table} of the message database: set aside, the rest goes on`);
}

/** A message that is damaged keeps its place. */
async function showLost(tx: Transaction, rows: readonly DamagedRow[], tell: Tell): Promise<void> {
  if (rows.length === 0) return;
  const keys = new Set(rows.map(({ key }) => toHex(key)));
  for (const { id, conversation, order } of await tables.places.list(tx)) {
    if (!keys.has(toHex(encodeKey([conversation, order])))) continue;
    const row: MessageRow = {
      ...{ id, conversation, order, group: groupOfConversation(conversation) ?? NOTHING, username: '', device: '' },
      ...{ isOwn: 0, kind: 'unknown', body: '', details: '', replyTo: NOTHING, at: 0, state: 'lost', reason: 'E_DATA' },
      ...{ isRead: 1, editedAt: 0, isDeleted: 0, expiresAfter: 0, expiresAt: 0, reactions: '', view: '' },
    };
    await tables.messages.put(tx, row);
    tell({ type: 'message-changed', message: messageOf(row) });
  }
}

/** What finds messages is made of them. */
async function reindex(tx: Transaction): Promise<void> {
  for (const { id, conversation, order, expiresAt } of await tables.messages.list(tx)) {
    if (id.length === MESSAGE_ID_BYTES) await tables.places.put(tx, { id, conversation, order });
    await tables.timeline.put(tx, { order, conversation });
    if (expiresAt > 0) await tables.expiries.put(tx, { expiresAt, conversation, order });
  }
}

/** A conversation whose row is gone goes on without its name, drafts and marks. */
async function remakeConversations(tx: Transaction): Promise<void> {
  for (const { conversation: id } of await tables.groups.list(tx)) {
    if ((await tables.conversations.get(tx, id)) !== undefined) continue;
    const [last] = await tables.messages.list(tx, { prefix: [id], reverse: true, limit: 1 });
    const username = id.startsWith('@') ? id.slice(1) : '';
    await tables.conversations.put(tx, {
      ...{ id, kind: username === '' ? 'group' : 'direct', username, name: '', draft: '', expiresAfterSeconds: 0 },
      ...{ lastAt: last?.at ?? 0, lastText: last?.body ?? '', unread: 0 },
    });
  }
}

/** Messages on their way of which nothing is left to be sent. */
async function failUnsent(tx: Transaction, tell: Tell): Promise<void> {
  const underWay = new Set((await tables.outbox.list(tx)).map(({ shown }) => toHex(shown)));
  for (const { messageId } of await tables.uploads.list(tx)) underWay.add(toHex(messageId));
  for (const row of await tables.messages.list(tx)) {
    if (row.state !== 'sending' || underWay.has(toHex(row.id))) continue;
    const failed = await tables.messages.patch(tx, row, { state: 'failed', reason: 'E_DATA' });
    tell({ type: 'message-changed', message: messageOf(failed) });
  }
}
