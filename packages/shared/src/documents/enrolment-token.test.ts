import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyCharacter } from '../../test/any-character.ts';
import { toHex, utf8Encode } from '../bytes/index.ts';
import { IdentityKeys } from '../crypto/index.ts';
import { nativeCrypto } from '../crypto-native/index.ts';
import {
  encodeEnrolmentToken,
  enrolmentTokenText,
  parseEnrolmentToken,
  verifyEnrolmentToken,
  type EnrolmentToken,
} from './enrolment-token.ts';

const identity = new IdentityKeys(nativeCrypto, new Uint8Array(32).fill(1));
const stranger = new IdentityKeys(nativeCrypto, new Uint8Array(32).fill(2));
const TOKEN: EnrolmentToken = {
  tokenId: new Uint8Array(16).fill(3),
  serverKey: identity.static.publicKey,
  agentId: 'agent-é',
  replace: true,
  issuedAt: 1_000,
  expiresAt: 2_000,
};
const bytes = encodeEnrolmentToken(TOKEN, identity);
const verify = (document: Uint8Array, nowSeconds = 1_500, by = identity): unknown =>
  verifyEnrolmentToken(nativeCrypto, document, by.signingPublicKey, nowSeconds);
const INVALID = { ok: false, code: 'E_TOKEN_INVALID' };

describe('enrolment token', () => {
  it('A12: verifies what its server signed, bound and unbound', () => {
    expect(verify(bytes)).toEqual({ ok: true, token: TOKEN });
    const { agentId: _, ...rest } = TOKEN;
    const unbound = { ...rest, replace: false };
    expect(verify(encodeEnrolmentToken(unbound, identity))).toEqual({ ok: true, token: unbound });
  });

  it('refuses a token of another server', () => {
    expect(verify(bytes, 1_500, stranger)).toEqual(INVALID);
  });

  it('refuses every single-byte change and every cut', () => {
    for (let index = 0; index < bytes.length; index += 3) {
      const altered = Uint8Array.from(bytes);
      altered[index]! ^= 0x01;
      expect(verify(altered)).toEqual(INVALID);
      expect(verify(bytes.subarray(0, index))).toEqual(INVALID);
    }
    expect(verify(Uint8Array.of(...bytes, 0))).toEqual(INVALID);
  });

  it('expires at its second, and a bad signature is invalid, not expired', () => {
    expect(verify(bytes, 1_999)).toMatchObject({ ok: true });
    expect(verify(bytes, 2_000)).toEqual({ ok: false, code: 'E_TOKEN_EXPIRED' });
    expect(verify(bytes, 2_000, stranger)).toEqual(INVALID);
  });

  it('is bound to its domain: the same key over the bare body does not count', () => {
    const body = bytes.subarray(0, bytes.length - 64);
    expect(verify(Uint8Array.of(...body, ...identity.sign(body)))).toEqual(INVALID);
  });

  it('refuses signed documents that are not canonical', () => {
    const body = bytes.subarray(0, bytes.length - 64);
    const flagsOffset = 1 + 16 + 32 + 8 + 8;
    const resigned = (change: (copy: Uint8Array) => void): Uint8Array => {
      const copy = Uint8Array.from(body);
      change(copy);
      const domain = utf8Encode('sealane enrolment token 1\0');
      return Uint8Array.of(...copy, ...identity.sign(Uint8Array.of(...domain, ...copy)));
    };
    expect(verify(resigned(() => undefined))).toMatchObject({ ok: true });
    expect(verify(resigned((copy) => (copy[0] = 2)))).toEqual(INVALID);
    expect(verify(resigned((copy) => (copy[flagsOffset] = 2)))).toEqual(INVALID);
    expect(verify(resigned((copy) => copy.fill(0xff, 49, 57)))).toEqual(INVALID);
    expect(verify(resigned((copy) => (copy[copy.length - 1] = 0xc3)))).toEqual(INVALID);
    expect(verify(resigned((copy) => copy.copyWithin(57, 49, 57)))).toEqual(INVALID);
  });

  it('text form: round trip, white space around it, and nothing else', () => {
    const text = enrolmentTokenText(bytes);
    expect(text).toMatch(/^sealane-token-[A-Za-z0-9_-]+$/);
    const parsed = parseEnrolmentToken(` ${text}\n`);
    expect(parsed?.token).toEqual(TOKEN);
    expect(toHex(parsed!.bytes)).toBe(toHex(bytes));
    for (const wrong of [
      '',
      'sealane-token-',
      text.slice(1),
      text.slice(0, -2),
      `${text}=`,
      `${text}AAAA`,
      `${text} x`,
    ]) {
      expect(parseEnrolmentToken(wrong)).toBeUndefined();
    }
  });

  it.each<[string, Partial<EnrolmentToken>]>([
    ['a short token id', { tokenId: new Uint8Array(15) }],
    ['a short server key', { serverKey: new Uint8Array(31) }],
    ['an empty agent id', { agentId: '' }],
    ['an agent id of 129 bytes', { agentId: 'a'.repeat(129) }],
    ['half a character', { agentId: '\ud800' }],
    ['an expiry before issue', { expiresAt: 1_000 }],
    ['a fraction of a second', { expiresAt: 2_000.5 }],
    ['a time before 1970', { issuedAt: -1 }],
  ])('refuses to encode %s', (_, change) => {
    expect(() => encodeEnrolmentToken({ ...TOKEN, ...change }, identity)).toThrow(RangeError);
  });

  it('refuses to encode replace without an agent id', () => {
    const { agentId: _, ...rest } = TOKEN;
    expect(() => encodeEnrolmentToken(rest, identity)).toThrow(RangeError);
  });

  it('fuzz: any token round-trips byte for byte', () => {
    const seconds = fc.nat({ max: 2 ** 40 });
    const fixed = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
    const token = fc.record({
      tokenId: fixed(16),
      serverKey: fixed(32),
      agentId: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((id) => utf8Encode(id).length <= 64),
      replace: fc.boolean(),
      issuedAt: seconds,
      expiresAt: seconds.map((value) => value + 2 ** 41),
    });
    const signer = { signingPublicKey: new Uint8Array(32), sign: () => new Uint8Array(64) };
    fc.assert(
      fc.property(token, (value) => {
        const parsed = parseEnrolmentToken(enrolmentTokenText(encodeEnrolmentToken(value, signer)));
        expect(parsed?.token).toEqual(value);
        expect(toHex(encodeEnrolmentToken(parsed!.token, signer))).toBe(toHex(parsed!.bytes));
      }),
    );
  });

  it('fuzz: no bytes make a decoder throw', () => {
    const mutated = fc
      .tuple(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length))
      .map(([index, value, size]) => bytes.with(index, value).subarray(0, size));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated), (input) => {
        const parsed = parseEnrolmentToken(enrolmentTokenText(input));
        // What is accepted has exactly one encoding.
        if (parsed) expect(enrolmentTokenText(parsed.bytes)).toBe(enrolmentTokenText(input));
        const isOriginal = toHex(input) === toHex(bytes);
        expect(verify(input)).toEqual(isOriginal ? { ok: true, token: TOKEN } : INVALID);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), (text) => void parseEnrolmentToken(`sealane-token-${text}`)),
    );
  });
});
