import { describe, expect, it } from '@jest/globals';
import { concat } from '../bytes/index.ts';
import { decodeItem, encodeItem, messagesTopic, type Item } from './index.ts';

const place = {
  group: new Uint8Array(16).fill(1),
  epoch: 2 ** 40,
  messageId: new Uint8Array(16).fill(2),
  sequence: Number.MAX_SAFE_INTEGER,
};
const at = 1_800_000_000_000;
const body = Uint8Array.of(9, 8, 7);

const items: Item[] = [
  { kind: 'welcome', at, ...place, blob: new Uint8Array(16).fill(3) },
  { kind: 'commit', at, ...place, body },
  { kind: 'message', at, ...place, body: new Uint8Array() },
  { kind: 'removed', at, ...place },
  { kind: 'link', at, link: new Uint8Array(16).fill(4), body },
  { kind: 'account', at, username: 'alice', statementCount: 3 },
  { kind: 'envelope', at, messageId: place.messageId, from: 'bob', body },
];

describe('items', () => {
  it.each(items)('$kind comes out as it went in', (item) => {
    expect(decodeItem(encodeItem(item))).toEqual(item);
  });

  it('have one layout for ever', () => {
    const bytes = encodeItem({ kind: 'account', at: 1, username: 'eve', statementCount: 2 });
    expect(Buffer.from(bytes).toString('hex')).toBe('01060000000000000001' + '00000002' + '657665');
  });

  it.each(items)('$kind: what is cut off inside its fixed fields is no item', (item) => {
    const whole = encodeItem(item);
    const fixed = {
      welcome: whole.length,
      removed: whole.length,
      commit: 59,
      message: 59,
      link: 26,
      account: 15,
      envelope: 30,
    };
    for (let length = 0; length < fixed[item.kind]; length++)
      expect(decodeItem(whole.subarray(0, length))).toBeUndefined();
  });

  it('bytes behind an item without a body, later formats and kinds, and numbers that are too large are no item', () => {
    for (const item of items.filter(({ kind }) => kind === 'welcome' || kind === 'removed'))
      expect(decodeItem(concat(encodeItem(item), Uint8Array.of(0)))).toBeUndefined();
    const whole = encodeItem(items[1] as Item);
    for (const [index, value] of [
      [0, 2],
      [1, 0],
      [1, 8],
      [2, 0xff],
      [26, 0xff],
    ] as const) {
      const changed = whole.slice();
      changed[index] = value;
      expect(decodeItem(changed)).toBeUndefined();
    }
    expect(decodeItem(new Uint8Array(98_305))).toBeUndefined();
  });

  it('names are checked on both ways', () => {
    expect(() => encodeItem({ kind: 'account', at, username: 'x'.repeat(33), statementCount: 1 })).toThrow(RangeError);
    const whole = encodeItem({ kind: 'account', at, username: 'alice', statementCount: 1 });
    whole[whole.length - 1] = 0xff;
    expect(decodeItem(whole)).toBeUndefined();
  });

  it('does not keep the bytes that it was given', () => {
    const bytes = encodeItem(items[1] as Item);
    const item = decodeItem(bytes);
    bytes.fill(0);
    expect(item).toEqual(items[1]);
  });

  it('the topic of a queue is one level more, whatever the id', () => {
    expect(messagesTopic('alice')).toBe('$messages.alice');
    expect(messagesTopic('a..b.')).toBe('$messages.a~~b~');
  });
});
