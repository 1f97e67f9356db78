/** Decoder of items in queues. */
import { deepStrictEqual } from 'node:assert/strict';
import { decodeItem, encodeItem, type Item } from '../../src/items/index.ts';
import type { FuzzDecoder } from '../../src/testing/index.ts';

const id = (seed: number): Uint8Array => new Uint8Array(16).fill(seed);
const PLACE = { group: id(1), epoch: 5, messageId: id(2), sequence: 9 };
const ITEMS: readonly Item[] = [
  { kind: 'welcome', at: 1, ...PLACE, blob: id(3) },
  { kind: 'message', at: 2 ** 41, ...PLACE, body: id(4) },
  { kind: 'removed', at: 3, ...PLACE },
  { kind: 'link', at: 4, link: id(5), body: id(6) },
  { kind: 'account', at: 5, username: 'alice', statementCount: 7 },
  { kind: 'envelope', at: 6, messageId: id(7), from: 'bob', body: id(8) },
];

/** What is decoded has one encoding. */
const items: FuzzDecoder = {
  name: 'items',
  seeds: () => ITEMS.map(encodeItem),
  decode(input) {
    const item = decodeItem(input);
    if (item === undefined) return 'refused';
    deepStrictEqual(encodeItem(item), Uint8Array.from(input));
    return item.kind;
  },
};

export const ITEM_DECODERS: readonly FuzzDecoder[] = [items];
