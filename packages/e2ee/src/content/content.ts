/** What people say to each other inside the encryption: the kinds of messages and what each carries. */

/** A file that lies sealed at the server, and how to open it (`attachments`). */
export interface FileBody {
  /** As its sender calls it: never a path to write to. */
  readonly name: string;
  /** RFC 6838, such as `image/png`; what the sender says, and nothing to rely on. */
  readonly mediaType: string;
  /** Bytes of the file. */
  readonly size: number;
  /** Bytes of the sealed blob. */
  readonly sealedSize: number;
  /** Id of the blob, 16 bytes. */
  readonly blob: Uint8Array;
  /** AES-256 key, 32 bytes. */
  readonly key: Uint8Array;
  /** First 7 bytes of each nonce. */
  readonly noncePrefix: Uint8Array;
  /** SHA-256 of the sealed blob, 32 bytes. */
  readonly hash: Uint8Array;
  readonly caption: string;
  /** A small picture, or nothing. */
  readonly thumbnail: Uint8Array;
}

/** Why a call ended. */
export type CallEndReason = 'hung-up' | 'declined' | 'busy' | 'failed';

/** What each kind carries. Ids are 16 bytes. */
export interface Bodies {
  readonly text: { readonly text: string };
  /** An answer to the message `ref`. */
  readonly reply: { readonly text: string };
  /** The message `ref` says this from now on. */
  readonly edit: { readonly text: string };
  /** The message `ref` is taken back. */
  readonly delete: Readonly<Record<string, never>>;
  /** To the message `ref`: one reaction of each account. */
  readonly reaction: { readonly emoji: string; readonly isRemoved: boolean };
  readonly receipts: { readonly status: ReceiptStatus; readonly messages: readonly Uint8Array[] };
  readonly typing: { readonly isTyping: boolean };
  /** May answer the message `ref`. */
  readonly file: FileBody;
  readonly 'call-offer': { readonly call: Uint8Array; readonly description: string; readonly isVideo: boolean };
  readonly 'call-answer': { readonly call: Uint8Array; readonly description: string };
  readonly 'call-candidates': { readonly call: Uint8Array; readonly candidates: readonly string[] };
  readonly 'call-end': { readonly call: Uint8Array; readonly reason: CallEndReason };
  readonly profile: { readonly displayName: string; readonly about: string };
  /** The head of the transparency log that the sender saw last, signed. */
  readonly 'tree-head': { readonly head: Uint8Array };
  /** Life of messages of this conversation from now on; 0 for ever. */
  readonly expiry: { readonly seconds: number };
  readonly 'group-name': { readonly name: string };
  /** The account of the sender wants out of the group: another member commits its removal. */
  readonly leave: Bodies['delete'];
}

/** Name of a kind that this version knows. */
export type ContentKind = keyof Bodies;

/** How far a message came at somebody else. */
export type ReceiptStatus = 'delivered' | 'read';

/** What every content carries. Who sent it is what MLS authenticated, and is never in here. */
export interface ContentHeader {
  /** 16 random bytes. */
  readonly id: Uint8Array;
  /** Unix time in ms, by the clock of the sender. */
  readonly at: number;
  /** Life in seconds, from its sending at the sender and from its reading elsewhere; 0 for ever. */
  readonly expiresAfter: number;
  /** The message that it is about; reply, edit, delete and reaction have one, a file may. */
  readonly ref?: Uint8Array;
}

/** A content of a kind that this version knows. */
export type KnownContent = { readonly [K in ContentKind]: ContentHeader & Named<K> }[ContentKind];

/** A content of a newer version: kept, and shown as something that this version cannot show. */
export interface UnknownContent extends ContentHeader {
  readonly kind: 'unknown';
  readonly kindNumber: number;
  /** As it came. */
  readonly body: Uint8Array;
}

/** One message inside the encryption. */
export type Content = KnownContent | UnknownContent;

interface Named<K extends ContentKind> {
  readonly kind: K;
  readonly body: Bodies[K];
}
