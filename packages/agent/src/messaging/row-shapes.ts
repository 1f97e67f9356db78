/** RowShapes: what the fields of each table hold, so that a damaged row is known when it is read. */
import type * as rows from './rows.ts';
import type { RowShape } from './table.ts';

const text = 'text';
const number = 'number';
const bytes = 'bytes';
const json = 'json';

export const accountShape: RowShape<rows.AccountRow> = {
  ...{ self: text, username: text, accountId: bytes, agentId: text, deviceKeys: bytes, deviceName: text, phase: text },
  ...{ isLoggedIn: number, lastWrite: number, recoveryKey: text, genesis: bytes, addDevice: bytes, accessToken: text },
  ...{ refreshToken: text, tokenExpiresAt: number, keyPackagesWaiting: number, lastResortAt: number },
};

export const contactShape: RowShape<rows.ContactRow> = {
  ...{
    username: text,
    accountId: bytes,
    log: bytes,
    count: number,
    displayName: text,
    recoveryKey: bytes,
    trust: text,
  },
  ...{ changes: number, presence: number, lastSeenAt: number, checkedAt: number },
};

export const conversationShape: RowShape<rows.ConversationRow> = {
  ...{ id: text, kind: text, username: text, name: text, lastAt: number, lastText: text, unread: number, draft: text },
  expiresAfterSeconds: number,
};

export const groupShape: RowShape<rows.GroupRow> = {
  ...{ group: bytes, conversation: text, state: text, epochMax: number, removedDevices: text, sentSinceUpdate: number },
  ...{ updatedAt: number, mustUpdate: number, createdAt: number },
};

export const messageShape: RowShape<rows.MessageRow> = {
  ...{ conversation: text, order: number, id: bytes, group: bytes, username: text, device: text, isOwn: number },
  ...{ kind: text, body: text, details: json, replyTo: bytes, at: number, state: text, reason: text, isRead: number },
  ...{ editedAt: number, isDeleted: number, expiresAfter: number, expiresAt: number, reactions: json, view: json },
};

export const outboxShape: RowShape<rows.OutboxRow> = {
  ...{ order: number, kind: text, group: bytes, messageId: bytes, shown: bytes, epoch: number, write: number },
  ...{ body: bytes, content: bytes, welcome: bytes, groupInfo: bytes, commitBlob: bytes, welcomeBlob: bytes },
  ...{ groupInfoBlob: bytes, added: text, removed: text, isExternal: number, intent: json, ttlMs: number },
  attempts: number,
};

export const choreShape: RowShape<rows.ChoreRow> = {
  ...{ order: number, kind: text, group: bytes, username: text, data: bytes, attempts: number },
};

export const expiryShape: RowShape<rows.ExpiryRow> = { expiresAt: number, conversation: text, order: number };

export const waitingShape: RowShape<rows.WaitingRow> = {
  ...{ group: bytes, epoch: number, order: number, item: bytes, reason: text, keptAt: number },
};

export const receiptShape: RowShape<rows.ReceiptRow> = { group: bytes, order: number, id: bytes, isRead: number };

export const uploadShape: RowShape<rows.UploadRow> = { messageId: bytes, group: bytes, path: text, content: bytes };
