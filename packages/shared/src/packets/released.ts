/**
 * What each released wire version consists of. These lists are append-only: an id in one of them keeps its layout for
 * ever, and a test holds the specs against them.
 */

/** Ids of each wire version: everything that a peer of this version may receive. */
export const RELEASED_PACKET_IDS: Readonly<Record<number, readonly number[]>> = {
  1: [
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x10, 0x11, 0x12, 0x13, 0x14, 0x20,
    0x21, 0x22, 0x23,
  ],
  2: [
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x10, 0x11, 0x12, 0x13, 0x14, 0x20,
    0x21, 0x22, 0x23, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e,
  ],
};

/** Ids that were used once and never will be again, with the reason. */
export const RETIRED_PACKET_IDS: readonly { readonly id: number; readonly name: string; readonly reason: string }[] =
  [];

/** What the ranges of ids are for. */
export const PACKET_RANGES: readonly { readonly from: number; readonly to: number; readonly about: string }[] = [
  { from: 0x01, to: 0x0f, about: 'Handshake, admission, key update, liveness, end of the connection' },
  { from: 0x10, to: 0x1f, about: 'Streams' },
  { from: 0x20, to: 0x2f, about: 'Requests' },
  { from: 0x30, to: 0x3f, about: 'Events, their acknowledgements and receipts, presence' },
  { from: 0x40, to: 0x5f, about: 'Reserved for end-to-end messaging' },
];
