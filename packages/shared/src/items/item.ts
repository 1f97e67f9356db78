/**
 * Item: what the queue of a device carries (docs/protocols/messaging.md §8). The server makes them, the device reads them.
 *
 *     version 0x01 (1) ‖ kind (1) ‖ at (u64) ‖ fields of the kind
 *
 *     welcome 0x01, commit 0x02, message 0x03:
 *       group (16) ‖ epoch (u64) ‖ message id (16) ‖ sequence (u64) ‖ 0x00 ‖ body (the rest)
 *       group (16) ‖ epoch (u64) ‖ message id (16) ‖ sequence (u64) ‖ 0x01 ‖ blob id (16)
 *     removed  0x04:  group (16) ‖ epoch (u64) ‖ message id (16) ‖ sequence (u64)
 *     link     0x05:  link id (16) ‖ body (the rest)
 *     account  0x06:  statement count (u32) ‖ username (ASCII, the rest)
 *     envelope 0x07:  message id (16) ‖ size of name (1) ‖ username of the sender (ASCII) ‖ body (the rest)
 */

/** Something sealed for the devices of a group. */
export type GroupItem = {
  /** `welcome` for devices that were added, `commit` for those that were there, `message` for members of its epoch. */
  readonly kind: 'welcome' | 'commit' | 'message';
  /** Unix time in ms, of the server. */
  readonly at: number;
  /** 16 bytes. */
  readonly group: Uint8Array;
  /** Of a commit the epoch that it ends, of a Welcome the one that it leads into, of a message the one it is sealed in. */
  readonly epoch: number;
  /** 16 bytes, chosen by the sender. */
  readonly messageId: Uint8Array;
  /** Position in the log of the group, from 1. */
  readonly sequence: number;
} & (
  | { readonly body: Uint8Array; readonly blob?: undefined }
  | { readonly blob: Uint8Array; readonly body?: undefined }
);

/** An item of a device's queue. */
export type Item =
  | GroupItem
  /** This device has left the group with this epoch. */
  | {
      readonly kind: 'removed';
      readonly at: number;
      readonly group: Uint8Array;
      readonly epoch: number;
      readonly messageId: Uint8Array;
      readonly sequence: number;
    }
  /** Sealed for the link that this device has opened. */
  | { readonly kind: 'link'; readonly at: number; readonly link: Uint8Array; readonly body: Uint8Array }
  /** The log of an account has grown. */
  | { readonly kind: 'account'; readonly at: number; readonly username: string; readonly statementCount: number }
  /** A message of a client that brings its own encryption. */
  | {
      readonly kind: 'envelope';
      readonly at: number;
      readonly messageId: Uint8Array;
      /** Name of the account that sent it, as the server says. */
      readonly from: string;
      readonly body: Uint8Array;
    };

/** The name of a kind: it decides the fields of an item. */
export type ItemKind = Item['kind'];

/** First byte of every item. */
export const ITEM_VERSION = 0x01;
/** Kinds as they stand in the second byte. */
export const ITEM_KINDS = {
  welcome: 0x01,
  commit: 0x02,
  message: 0x03,
  removed: 0x04,
  link: 0x05,
  account: 0x06,
  envelope: 0x07,
} as const satisfies Readonly<Record<ItemKind, number>>;
/** The byte before what is sealed: it follows, or a blob has it. */
export const HERE = 0x00;
export const IN_BLOB = 0x01;
