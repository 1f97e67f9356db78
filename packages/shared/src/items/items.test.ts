import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeItem } from './decode-item.ts';
import { encodeItem } from './encode-item.ts';
import type { Item } from './item.ts';

const id = fc.uint8Array({ minLength: 16, maxLength: 16 });
const body = fc.uint8Array({ maxLength: 200 });
const number = fc.maxSafeNat();

const item: fc.Arbitrary<Item> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('welcome' as const, 'commit' as const, 'message' as const),
    ...{ at: number, group: id, epoch: number, messageId: id, sequence: number, body },
  }),
  fc.record({
    kind: fc.constantFrom('welcome' as const, 'commit' as const),
    ...{ at: number, group: id, epoch: number, messageId: id, sequence: number, blob: id },
  }),
  fc.record({ kind: fc.constant('removed' as const), at: number, group: id, epoch: number }),
  fc.record({ kind: fc.constant('link' as const), at: number, link: id, body }),
  fc.record({
    kind: fc.constant('account' as const),
    at: number,
    username: fc.stringMatching(/^[a-z0-9_-]{3,32}$/),
    statementCount: fc.nat(0xffff_ffff),
  }),
  fc.record({ kind: fc.constant('envelope' as const), at: number, messageId: id, body }),
);

describe('items', () => {
  it('what is encoded is decoded', () => {
    fc.assert(fc.property(item, (one) => expect(decodeItem(encodeItem(one))).toEqual(one)));
  });

  it('E12: what is cut short, of another version or kind, is no item and no exception', () => {
    fc.assert(
      fc.property(item, fc.nat(), (one, at) => {
        const bytes = encodeItem(one);
        const head = bytes.length - ('body' in one && one.body !== undefined ? one.body.length : 0);
        expect(decodeItem(bytes.subarray(0, at % Math.min(head, 10)))).toBeUndefined();
        expect(decodeItem(Uint8Array.of(2, ...bytes.subarray(1)))).toBeUndefined();
        expect(decodeItem(Uint8Array.of(1, 99, ...bytes.subarray(2)))).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const decoded = decodeItem(bytes);
        if (decoded !== undefined) expect(encodeItem(decoded)).toEqual(bytes);
      }),
    );
  });

  it.each([
    [{ kind: 'removed', at: 1, group: new Uint8Array(15), epoch: 1 }],
    [{ kind: 'removed', at: -1, group: new Uint8Array(16), epoch: 1 }],
    [{ kind: 'account', at: 1, username: 'ada', statementCount: 2 ** 32 }],
    [{ kind: 'link', at: 1, link: new Uint8Array(16), body: new Uint8Array(98_304) }],
  ] satisfies [Item][])('%j cannot be encoded', (one) => {
    expect(() => encodeItem(one)).toThrow(RangeError);
  });
});
