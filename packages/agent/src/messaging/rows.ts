/**
 * Rows of a messaging device: what stands in each table. Keys are part of the rows, because listing gives rows alone.
 * The tables of MLS groups are the engine's (`@sealane/e2ee/engine`).
 *
 * A field that comes later may be missing in rows that are there: whoever reads it has to know.
 */

/** Truth in a row. */
export type Flag = 0 | 1;

/** The account of this device; one row, key `self`. */
export type AccountRow = {
  readonly self: 'self';
  readonly username: string;
  /** Empty while the account is asked for. */
  readonly accountId: Uint8Array;
  readonly agentId: string;
  /** Secrets of `DeviceKeys`, 64 bytes. */
  readonly deviceKeys: Uint8Array;
  readonly deviceName: string;
  /** `registering` and `linking` until the server answered; `listed` from then on. */
  readonly phase: 'registering' | 'linking' | 'listed' | 'revoked' | 'cloned' | 'ended';
  readonly isLoggedIn: Flag;
  /** Number of the last write that the server took. */
  readonly lastWrite: number;
  /** Kept until it was shown, then empty. */
  readonly recoveryKey: string;
  /** Statements under way to the server, so that a repetition is the same; else empty. */
  readonly genesis: Uint8Array;
  readonly addDevice: Uint8Array;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly tokenExpiresAt: number;
  /** Single-use key packages that waited at the server when it last said so. */
  readonly keyPackagesWaiting: number;
  readonly lastResortAt: number;
};

/** Somebody's account as far as this device knows it; the own one too. */
export type ContactRow = {
  readonly username: string;
  readonly accountId: Uint8Array;
  /** The statements of its log, each behind its length as u32. */
  readonly log: Uint8Array;
  readonly count: number;
  readonly displayName: string;
  /** The identity that was seen last: with the account id, what the safety number is made of. */
  readonly recoveryKey: Uint8Array;
  /** `changed`: it was verified under another identity. */
  readonly trust: 'unverified' | 'verified' | 'changed';
  readonly changes: number;
  /** 0: not shown, 1: away, 2: online; when it was asked for last. */
  readonly presence: number;
  readonly lastSeenAt: number;
  readonly checkedAt: number;
};

/** Whose account an id is. */
export type AccountNameRow = { readonly accountId: Uint8Array; readonly username: string };

/** A conversation: everything with one account, or one group. */
export type ConversationRow = {
  /** `@username` or `#` and the group in hexadecimal. */
  readonly id: string;
  readonly kind: 'direct' | 'group';
  /** The other account of a direct chat; else empty. */
  readonly username: string;
  readonly name: string;
  readonly lastAt: number;
  readonly lastText: string;
  readonly unread: number;
  readonly draft: string;
  /** Default life of messages that are sent here, in seconds; 0 for ever. */
  readonly expiresAfterSeconds: number;
};

/** An MLS group, and the conversation it carries. */
export type GroupRow = {
  readonly group: Uint8Array;
  readonly conversation: string;
  readonly state: 'creating' | 'active' | 'healing' | 'asking' | 'left' | 'removed';
  /** Highest epoch this device was in: never rejoin below it. */
  readonly epochMax: number;
  /** Devices this device saw removed: `agentId` joined by newlines. */
  readonly removedDevices: string;
  readonly sentSinceUpdate: number;
  readonly updatedAt: number;
  readonly mustUpdate: Flag;
  readonly createdAt: number;
};

/** How far a message is: the first five of own ones, the others of those that came. */
export type MessageState =
  | 'sending'
  | 'sent'
  | 'delivered'
  | 'read'
  | 'failed'
  | 'decrypted'
  | 'waiting'
  | 'healing'
  | 'lost';

/** A message as it is shown. */
export type MessageRow = {
  readonly conversation: string;
  /** Position on this device. */
  readonly order: number;
  readonly id: Uint8Array;
  readonly group: Uint8Array;
  readonly username: string;
  readonly device: string;
  readonly isOwn: Flag;
  readonly kind: 'text' | 'reply' | 'file' | 'call' | 'event' | 'unknown';
  readonly body: string;
  /** JSON of what the kind needs besides. */
  readonly details: string;
  readonly replyTo: Uint8Array;
  readonly at: number;
  readonly state: MessageState;
  readonly reason: string;
  readonly isRead: Flag;
  readonly editedAt: number;
  readonly isDeleted: Flag;
  /** Life in seconds, from when it was sent or read; 0 for ever. */
  readonly expiresAfter: number;
  /** Unix time in ms; 0 for never, or not yet. */
  readonly expiresAt: number;
  /** JSON: username → emoji. */
  readonly reactions: string;
  /** JSON of the `MessageView` of `@sealane/e2ee/content`: what edits, reactions and receipts made of it; empty for none. */
  readonly view: string;
};

/** Where the message with an id stands. */
export type MessagePlaceRow = { readonly id: Uint8Array; readonly conversation: string; readonly order: number };
/** Which conversation has the message at a position. */
export type TimelineRow = { readonly order: number; readonly conversation: string };
/** When which message goes. */
export type ExpiryRow = { readonly expiresAt: number; readonly conversation: string; readonly order: number };

/** Something to be told to a group, in the order of their numbers. */
export type OutboxRow = {
  readonly order: number;
  readonly kind: 'message' | 'commit';
  readonly group: Uint8Array;
  /** Id of the write: another one whenever it is sealed anew after a refusal. */
  readonly messageId: Uint8Array;
  /** Id of the message that it shows; empty for a commit. */
  readonly shown: Uint8Array;
  readonly epoch: number;
  /** Number of the write; 0 until it is the next to go. */
  readonly write: number;
  /** The sealed message, or the commit. */
  readonly body: Uint8Array;
  /** What is sealed anew when the epoch is over; empty for a commit. */
  readonly content: Uint8Array;
  readonly welcome: Uint8Array;
  readonly groupInfo: Uint8Array;
  readonly commitBlob: Uint8Array;
  readonly welcomeBlob: Uint8Array;
  readonly groupInfoBlob: Uint8Array;
  /** Agent ids joined by newlines. */
  readonly added: string;
  readonly removed: string;
  readonly isExternal: Flag;
  /** What the commit is for, JSON of an `Intent`. */
  readonly intent: string;
  readonly ttlMs: number;
  readonly attempts: number;
};

/** An item that cannot be read yet; opened again after the commits. */
export type WaitingRow = {
  readonly group: Uint8Array;
  readonly epoch: number;
  readonly order: number;
  readonly item: Uint8Array;
  readonly reason: string;
  /** Unix time in ms, of this device. */
  readonly keptAt: number;
};

/** Something to be done after what came in, until it is done. */
export type ChoreRow = {
  readonly order: number;
  readonly kind: 'tend' | 'heal' | 'catch-up' | 'retry' | 'remove' | 'refresh' | 'refill' | 'gossip';
  /** Empty where it is about an account. */
  readonly group: Uint8Array;
  /** Empty where it is about a group. */
  readonly username: string;
  readonly data: Uint8Array;
  readonly attempts: number;
};

/** Receipts to be sent with the next batch. */
export type ReceiptRow = {
  readonly group: Uint8Array;
  readonly order: number;
  readonly id: Uint8Array;
  readonly isRead: Flag;
};

/** Files on their way up: the message goes into the outbox when the blob is whole. */
export type UploadRow = {
  readonly messageId: Uint8Array;
  readonly group: Uint8Array;
  readonly path: string;
  /** The content, encoded: it names blob and key. */
  readonly content: Uint8Array;
};

/** Small things with a name. */
export type ValueRow = { readonly name: string; readonly value: Uint8Array | string | number };

/** A row that could not be read, kept as it was. */
export type DamagedRow = { readonly table: string; readonly key: Uint8Array; readonly bytes: Uint8Array };
