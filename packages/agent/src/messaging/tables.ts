/** Tables of a messaging device, with what each row holds. */
import type { Transaction } from '@sealane/e2ee/storage';
import * as shapes from './row-shapes.ts';
import type {
  AccountRow,
  ContactRow,
  AccountNameRow,
  ConversationRow,
  GroupRow,
  MessageRow,
  MessagePlaceRow,
  TimelineRow,
  ExpiryRow,
  OutboxRow,
  WaitingRow,
  ChoreRow,
  ReceiptRow,
  UploadRow,
  ValueRow,
  DamagedRow,
} from './rows.ts';
import { Table } from './table.ts';

export type {
  AccountRow,
  ContactRow,
  ConversationRow,
  GroupRow,
  MessageState,
  MessageRow,
  TimelineRow,
  OutboxRow,
  WaitingRow,
  ChoreRow,
  ReceiptRow,
  UploadRow,
} from './rows.ts';

const text = 'text';
const number = 'number';
const bytes = 'bytes';

export const tables = {
  account: new Table<AccountRow>('account', ['self'], shapes.accountShape),
  contacts: new Table<ContactRow>('contacts', ['username'], shapes.contactShape),
  accountNames: new Table<AccountNameRow>('account-names', ['accountId'], { accountId: bytes, username: text }),
  conversations: new Table<ConversationRow>('conversations', ['id'], shapes.conversationShape),
  groups: new Table<GroupRow>('conversation-groups', ['group'], shapes.groupShape),
  messages: new Table<MessageRow>('messages', ['conversation', 'order'], shapes.messageShape),
  places: new Table<MessagePlaceRow>('message-places', ['id'], { id: bytes, conversation: text, order: number }),
  timeline: new Table<TimelineRow>('timeline', ['order'], { order: number, conversation: text }),
  expiries: new Table<ExpiryRow>('expiries', ['expiresAt', 'conversation', 'order'], shapes.expiryShape),
  outbox: new Table<OutboxRow>('outbox', ['order'], shapes.outboxShape),
  waiting: new Table<WaitingRow>('waiting', ['group', 'epoch', 'order'], shapes.waitingShape),
  chores: new Table<ChoreRow>('chores', ['order'], shapes.choreShape),
  receipts: new Table<ReceiptRow>('receipts', ['group', 'order'], shapes.receiptShape),
  uploads: new Table<UploadRow>('uploads', ['messageId'], shapes.uploadShape),
  values: new Table<ValueRow>('values', ['name'], { name: text, value: 'any' }),
  damaged: new Table<DamagedRow>('damaged', ['table', 'key'], { table: text, key: bytes, bytes }),
} as const;

/** Name of the value that counts the rows of `waiting`. */
export const WAITING_COUNT = 'waiting-items';

/** The next number of a count that is kept in the storage, from 1. */
export async function nextNumber(tx: Transaction, name: 'order'): Promise<number> {
  const last = await tables.values.get(tx, name);
  const next = (typeof last?.value === 'number' ? last.value : await highestOrder(tx)) + 1;
  await tables.values.put(tx, { name, value: next });
  return next;
}

/** Where the count is not there, or was damaged: no number may be given twice. */
async function highestOrder(tx: Transaction): Promise<number> {
  const { messages, timeline, outbox, waiting, chores, receipts } = tables;
  let highest = 0;
  for (const table of [messages, timeline, outbox, waiting, chores, receipts]) {
    for (const { order } of await table.list(tx)) highest = Math.max(highest, order);
  }
  return highest;
}
