/** Message and conversation as programs see them, and how they are read from their rows. */
import { toHex } from '@sealane/shared/bytes';
import { jsonOf } from './json-column.ts';
import type { ConversationRow, MessageRow, MessageState } from './tables.ts';

/** A file that came with a message. */
export interface FileDescription {
  readonly name: string;
  readonly sizeBytes: number;
  readonly contentType: string;
}

/** A message. */
export interface Message {
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly conversation: string;
  /** Position on this device: the order in which messages are shown. */
  readonly order: number;
  readonly from: { readonly user: string; readonly device: string };
  /** 32 hexadecimal digits; null in a direct chat. */
  readonly group: string | null;
  readonly isOwn: boolean;
  readonly kind: MessageRow['kind'];
  /** What was written; of a file its name. Written by a peer: escape it before a terminal shows it. */
  readonly body: string;
  /** Own messages: sending, sent, delivered, read, failed; others: decrypted, waiting, healing, lost. */
  readonly state: MessageState;
  /** Why it is waiting, lost or failed; else empty. */
  readonly reason: string;
  readonly replyTo: string | null;
  readonly file: FileDescription | undefined;
  /** Unix time in ms, of the server. */
  readonly at: number;
  readonly isRead: boolean;
  readonly editedAt: number | undefined;
  readonly isDeleted: boolean;
  readonly expiresAt: number | undefined;
  /** Username → emoji. */
  readonly reactions: Readonly<Record<string, string>>;
}

/** A conversation. */
export interface Conversation {
  readonly id: string;
  readonly kind: 'direct' | 'group';
  /** The other account of a direct chat. */
  readonly username: string | undefined;
  readonly name: string;
  readonly unread: number;
  readonly lastAt: number;
  readonly lastText: string;
  readonly draft: string;
  /** Default life of messages that are sent here; 0 for ever. */
  readonly expiresAfterSeconds: number;
}

/** The public form of a row. */
export function messageOf(row: MessageRow): Message {
  const isGroup = row.conversation.startsWith('#');
  return {
    id: toHex(row.id),
    conversation: row.conversation,
    order: row.order,
    from: { user: row.username, device: row.device },
    group: isGroup ? row.conversation.slice(1) : null,
    isOwn: row.isOwn === 1,
    kind: row.kind,
    body: row.body,
    state: row.state,
    reason: row.reason,
    replyTo: row.replyTo.length === 0 ? null : toHex(row.replyTo),
    file: row.kind === 'file' ? fileOf(row) : undefined,
    at: row.at,
    isRead: row.isRead === 1,
    editedAt: row.editedAt === 0 ? undefined : row.editedAt,
    isDeleted: row.isDeleted === 1,
    expiresAt: row.expiresAt === 0 ? undefined : row.expiresAt,
    reactions: recordOf(row.reactions),
  };
}

/** The public form of a row. */
export function conversationOf(row: ConversationRow): Conversation {
  const { id, kind, username, name, unread, lastAt, lastText, draft, expiresAfterSeconds } = row;
  return {
    id,
    kind,
    username: username === '' ? undefined : username,
    name: name === '' ? username : name,
    unread,
    lastAt,
    lastText,
    draft,
    expiresAfterSeconds,
  };
}

/** Username → emoji, of its column. */
export function recordOf(json: string): Readonly<Record<string, string>> {
  return json === '' ? {} : (jsonOf(json) as Record<string, string>);
}

function fileOf({ body, details }: MessageRow): FileDescription | undefined {
  if (details === '') return undefined;
  const { size, contentType } = jsonOf(details) as { readonly size: number; readonly contentType: string };
  return { name: body, sizeBytes: size, contentType };
}
