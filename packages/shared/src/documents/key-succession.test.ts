import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toHex } from '../bytes/index.ts';
import { IdentityKeys } from '../crypto/index.ts';
import { nativeCrypto } from '../crypto-native/index.ts';
import {
  KEY_SUCCESSION_BYTES,
  decodeKeySuccession,
  encodeKeySuccession,
  followKeySuccessions,
  verifyKeySuccession,
  type SuccessionChain,
} from './key-succession.ts';

const NOT_AFTER = 5_000;
const identities = Array.from(
  { length: 6 },
  (_, index) => new IdentityKeys(nativeCrypto, new Uint8Array(32).fill(index + 1)),
);
const keyOf = (index: number): Uint8Array => identities[index]!.static.publicKey;
const link = (from: number, to = from + 1, notAfter = NOT_AFTER): Uint8Array =>
  encodeKeySuccession(identities[from]!, { newKey: keyOf(to), notAfter });
const first = link(0);

describe('key succession', () => {
  it('C7: verifies what the old key signed, up to its date', () => {
    const succession = verifyKeySuccession(nativeCrypto, first, keyOf(0), NOT_AFTER);
    expect(succession).toEqual({
      oldKey: keyOf(0),
      newKey: keyOf(1),
      oldSigningKey: identities[0]!.signingPublicKey,
      notAfter: NOT_AFTER,
    });
    expect(first).toHaveLength(KEY_SUCCESSION_BYTES);
    expect(verifyKeySuccession(nativeCrypto, first, keyOf(0), NOT_AFTER + 1)).toBeUndefined();
  });

  it('C7: refuses another known key, every single-byte change and every other size', () => {
    expect(verifyKeySuccession(nativeCrypto, first, keyOf(1), 0)).toBeUndefined();
    for (let index = 0; index < first.length; index += 2) {
      const altered = first.with(index, first[index]! ^ 0x01);
      expect(verifyKeySuccession(nativeCrypto, altered, keyOf(0), 0)).toBeUndefined();
      expect(verifyKeySuccession(nativeCrypto, first.subarray(0, index), keyOf(0), 0)).toBeUndefined();
    }
    expect(verifyKeySuccession(nativeCrypto, Uint8Array.of(...first, 0), keyOf(0), 0)).toBeUndefined();
  });

  it("C7: refuses a stranger's succession that names the known key as the old one", () => {
    // The stranger signs a body with the victim's oldKey, once with its own signing key and once with the victim's.
    const stranger = identities[5]!;
    for (const signingPublicKey of [stranger.signingPublicKey, identities[0]!.signingPublicKey]) {
      const posing = {
        static: identities[0]!.static,
        signingPublicKey,
        sign: (message: Uint8Array) => stranger.sign(message),
      } as unknown as IdentityKeys;
      const forged = encodeKeySuccession(posing, { newKey: keyOf(5), notAfter: NOT_AFTER });
      expect(decodeKeySuccession(forged)).toBeDefined();
      expect(verifyKeySuccession(nativeCrypto, forged, keyOf(0), 0)).toBeUndefined();
    }
  });

  it('C7: refuses a succession signed by the known key that names another old key', () => {
    const { signingPublicKey } = identities[0]!;
    const sign = (message: Uint8Array): Uint8Array => identities[0]!.sign(message);
    const posing = { static: identities[5]!.static, signingPublicKey, sign } as unknown as IdentityKeys;
    const confused = encodeKeySuccession(posing, { newKey: keyOf(1), notAfter: NOT_AFTER });
    expect(verifyKeySuccession(nativeCrypto, confused, keyOf(0), 0)).toBeUndefined();
  });

  it('refuses to encode a succession to itself, a wrong size or no time', () => {
    expect(() => link(0, 0)).toThrow(RangeError);
    expect(() => link(0, 1, -1)).toThrow(RangeError);
    expect(() => encodeKeySuccession(identities[0]!, { newKey: new Uint8Array(31), notAfter: 1 })).toThrow(RangeError);
  });
});

describe('chain of successions', () => {
  const follow = (change: Partial<SuccessionChain>): boolean =>
    followKeySuccessions(nativeCrypto, {
      documents: [link(0), link(1), link(2), link(3)],
      knownKey: keyOf(0),
      provedKey: keyOf(4),
      nowSeconds: 0,
      ...change,
    });

  it('C7: leads over up to four links, also for an agent that knows a later key', () => {
    expect(follow({})).toBe(true);
    expect(follow({ knownKey: keyOf(2) })).toBe(true);
    expect(follow({ documents: [first], provedKey: keyOf(1) })).toBe(true);
  });

  it.each<[string, Partial<SuccessionChain>]>([
    ['five links', { documents: [link(0), link(1), link(2), link(3), link(4)], provedKey: keyOf(5) }],
    ['a missing link', { documents: [link(0), link(2), link(3)] }],
    ['a wrong order', { documents: [link(1), link(0), link(2), link(3)] }],
    ['an expired link', { documents: [link(0), link(1), link(2), link(3, 4, 9)], nowSeconds: 10 }],
    ['another proved key', { provedKey: keyOf(5) }],
    ['an end before the proved key', { documents: [link(0), link(1)] }],
    ['links beyond the proved key', { provedKey: keyOf(3) }],
    ['no link', { documents: [] }],
    ['no link although the key is the known one', { documents: [], provedKey: keyOf(0) }],
    ['an unknown beginning', { knownKey: keyOf(5) }],
    ['bytes that are no document', { documents: [link(0), link(1), link(2), link(3).subarray(1)] }],
  ])('C7: refuses %s', (_, change) => {
    expect(follow(change)).toBe(false);
  });
});

describe('fuzz', () => {
  it('no bytes make the decoder throw, and what it accepts has one encoding', () => {
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .uint8Array({ minLength: KEY_SUCCESSION_BYTES, maxLength: KEY_SUCCESSION_BYTES })
        .map((bytes) => bytes.with(0, 1)),
      fc.tuple(fc.nat(KEY_SUCCESSION_BYTES - 1), fc.nat(255)).map(([index, value]) => first.with(index, value)),
    );
    fc.assert(
      fc.property(any, (bytes) => {
        const succession = decodeKeySuccession(bytes);
        if (succession !== undefined) {
          const copy = {
            static: { publicKey: succession.oldKey },
            signingPublicKey: succession.oldSigningKey,
            sign: () => bytes.subarray(-64),
          } as unknown as IdentityKeys;
          expect(toHex(encodeKeySuccession(copy, succession))).toBe(toHex(bytes));
        }
        const isOriginal = toHex(bytes) === toHex(first);
        expect(verifyKeySuccession(nativeCrypto, bytes, keyOf(0), 0) !== undefined).toBe(isOriginal);
      }),
    );
  });
});
