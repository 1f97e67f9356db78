/**
 * The compliance suite of the `Crypto` port: every implementation runs it. It is no test file itself; the caller hands
 * in jest's functions, so that nothing of jest is loaded outside tests.
 */
import type { expect as jestExpect, it as jestIt } from '@jest/globals';
import { concat, fromHex, toHex, utf8Encode } from '../bytes/index.ts';
import { ProtocolError } from '../errors/index.ts';
import { SIZES, type Crypto, type Random } from './crypto.ts';

/** The two functions of jest that the suite needs. */
export interface TestFunctions {
  readonly it: typeof jestIt;
  readonly expect: typeof jestExpect;
}

/** u-coordinates of low order on the curve and its twist, with non-canonical forms (RFC 7748 §6.1; eprint 2017/806). */
export const LOW_ORDER_POINTS: readonly Uint8Array[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map(bytes);

/** A random source for tests that counts up: reproducible, and never twice the same bytes. */
export function countingRandom(start = 0): Random {
  let next = start;
  return (size) => Uint8Array.from({ length: size }, () => (next = (next * 73 + 41) % 65_521) & 0xff);
}

/** Registers the suite for `crypto`. */
export function cryptoCompliance(crypto: Crypto, { it, expect }: TestFunctions): void {
  const random = countingRandom(crypto.name.length);

  it('sha256, sha512: the "abc" of FIPS 180-4', () => {
    expect(toHex(crypto.sha256(utf8Encode('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    expect(toHex(crypto.sha512(utf8Encode('abc'))).slice(0, 32)).toBe('ddaf35a193617abacc417349ae204131');
  });

  it('hmacSha256: RFC 4231 test cases 1, 2 and 6 (key longer than a block)', () => {
    const tags = [
      crypto.hmacSha256(new Uint8Array(20).fill(0x0b), utf8Encode('Hi There')),
      crypto.hmacSha256(utf8Encode('Jefe'), utf8Encode('what do ya want for nothing?')),
      crypto.hmacSha256(
        new Uint8Array(131).fill(0xaa),
        utf8Encode('Test Using Larger Than Block-Size Key - Hash Key First'),
      ),
    ];
    expect(tags.map(toHex)).toEqual([
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ]);
  });

  it('scrypt: RFC 7914 §12, test cases 1 and 2, as far as 32 bytes go', async () => {
    const none = new Uint8Array(0);
    expect(toHex(await crypto.scrypt(none, none, { logN: 4, r: 1, p: 1 }))).toBe(
      '77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442',
    );
    const [password, salt] = [utf8Encode('password'), utf8Encode('NaCl')];
    expect(toHex(await crypto.scrypt(password, salt, { logN: 10, r: 8, p: 16 }))).toBe(
      'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162',
    );
  });

  it('x25519: the example of RFC 7748 §6.1', () => {
    const bob = bytes('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb');
    const alicePublic = bytes('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a');
    expect(toHex(crypto.x25519PublicKey(bob))).toBe('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
    expect(toHex(crypto.x25519(bob, alicePublic))).toBe(
      '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
    );
  });

  it('B12: refuses every low-order X25519 point, with and without the top bit', () => {
    const secretKey = random(SIZES.x25519Key);
    for (const point of LOW_ORDER_POINTS) {
      const withTopBit = Uint8Array.from(point);
      withTopBit[31] = (withTopBit[31] ?? 0) | 0x80;
      for (const publicKey of [point, withTopBit]) {
        expect(errorOf(() => crypto.x25519(secretKey, publicKey))).toMatchObject({ code: 'E_HANDSHAKE' });
        expect(() => crypto.x25519(secretKey, publicKey)).toThrow(ProtocolError);
      }
    }
  });

  it('x25519: an overwritten secret array counts with its new bytes', () => {
    const secretKey = random(SIZES.x25519Key);
    const before = toHex(crypto.x25519PublicKey(secretKey));
    const other = random(SIZES.x25519Key);
    secretKey.set(other);
    expect(toHex(crypto.x25519PublicKey(secretKey))).toBe(toHex(crypto.x25519PublicKey(other)));
    expect(toHex(crypto.x25519PublicKey(secretKey))).not.toBe(before);
  });

  it('kem: round trip, sizes, and implicit rejection of an altered ciphertext', () => {
    const { publicKey, secretKey } = crypto.kemKeyPair(random);
    expect(publicKey).toHaveLength(SIZES.kemPublicKey);
    const { ciphertext, sharedSecret } = crypto.kemEncapsulate(publicKey, random);
    expect(ciphertext).toHaveLength(SIZES.kemCiphertext);
    expect(toHex(crypto.kemDecapsulate(secretKey, ciphertext))).toBe(toHex(sharedSecret));
    const altered = flip(ciphertext, 500);
    const rejected = toHex(crypto.kemDecapsulate(secretKey, altered));
    expect(rejected).not.toBe(toHex(sharedSecret));
    expect(toHex(crypto.kemDecapsulate(secretKey, altered))).toBe(rejected);
  });

  it('kem: refuses a key with a coefficient of the modulus or more (FIPS 203 §7.2)', () => {
    const publicKey = Uint8Array.from(crypto.kemKeyPair(random).publicKey);
    publicKey.fill(0xff, 0, 3);
    expect(errorOf(() => crypto.kemEncapsulate(publicKey, random))).toMatchObject({ code: 'E_HANDSHAKE' });
  });

  it('kem: a wiped key throws, and printing a key shows no bytes', () => {
    const seed = random(SIZES.kemSeed);
    const { publicKey, secretKey } = crypto.kemKeyPairFromSeed(seed);
    const { ciphertext } = crypto.kemEncapsulate(publicKey, random);
    expect(JSON.stringify(secretKey)).toBe('{"kind":"ml-kem-768-secret-key"}');
    secretKey.wipe();
    expect(() => crypto.kemDecapsulate(secretKey, ciphertext)).toThrow(TypeError);
  });

  it.each([0, 1, 64, 2_031, 2_047, 2_048, 65_536])('aead: seals and opens %i bytes, and sealRecord agrees', (size) => {
    const key = random(SIZES.aeadKey);
    const nonce = random(SIZES.aeadNonce);
    const associatedData = random(4);
    const plaintext = random(size);
    const sealed = crypto.aeadSeal(key, nonce, associatedData, plaintext);
    expect(sealed).toHaveLength(size + SIZES.aeadTag);
    expect(sameBytes(crypto.aeadOpen(key, nonce, associatedData, sealed), plaintext)).toBe(true);

    const header = concat(associatedData, nonce);
    const output: Uint8Array[] = [];
    crypto.sealRecord(key, header, plaintext, output);
    const expected = concat(header, sealed);
    header.fill(0); // The port promises a copy.
    expect(sameBytes(concat(...output), expected)).toBe(true);
  });

  it('aead: a key that was set aside seals and opens as before', () => {
    const parts = [random(SIZES.aeadKey), random(SIZES.aeadNonce), random(4)] as const;
    const plaintext = random(20);
    const sealed = crypto.aeadSeal(...parts, plaintext);
    crypto.setAside(parts[0]);
    expect(toHex(crypto.aeadSeal(...parts, plaintext))).toBe(toHex(sealed));
    crypto.setAside(parts[0]);
    expect(sameBytes(crypto.aeadOpen(...parts, sealed), plaintext)).toBe(true);
    parts[0].fill(1);
    expect(crypto.aeadOpen(...parts, sealed)).toBeUndefined();
  });

  it('B1: aeadOpen refuses a change of any byte of key, nonce, associated data, ciphertext or tag', () => {
    const parts = [random(SIZES.aeadKey), random(SIZES.aeadNonce), random(4)] as const;
    const sealed = crypto.aeadSeal(...parts, random(20));
    for (let index = 0; index < sealed.length; index++) {
      expect(crypto.aeadOpen(...parts, flip(sealed, index))).toBeUndefined();
    }
    const [key, nonce, associatedData] = parts;
    for (let index = 0; index < key.length; index++) {
      expect(crypto.aeadOpen(flip(key, index), nonce, associatedData, sealed)).toBeUndefined();
    }
    expect(crypto.aeadOpen(key, flip(nonce, 11), associatedData, sealed)).toBeUndefined();
    expect(crypto.aeadOpen(key, nonce, flip(associatedData, 3), sealed)).toBeUndefined();
    for (let size = 0; size < sealed.length; size++) {
      expect(crypto.aeadOpen(...parts, sealed.subarray(0, size))).toBeUndefined();
    }
  });

  it('B1: an AEAD key array overwritten in place counts with its new bytes', () => {
    const key = random(SIZES.aeadKey);
    const rest = [random(SIZES.aeadNonce), random(4), random(20)] as const;
    const before = toHex(crypto.aeadSeal(key, ...rest));
    for (let index = 0; index < key.length; index++) {
      key[index] = (key[index] ?? 0) ^ 0x80;
      const now = toHex(crypto.aeadSeal(key, ...rest));
      expect(now).toBe(toHex(crypto.aeadSeal(Uint8Array.from(key), ...rest)));
      expect(now).not.toBe(before);
    }
  });

  it('ed25519: test 2 of RFC 8032 §7.1', () => {
    const seed = bytes('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb');
    expect(toHex(crypto.ed25519PublicKey(seed))).toBe(
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    );
    const signature = crypto.ed25519Sign(seed, Uint8Array.of(0x72));
    expect(toHex(signature)).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
        '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    );
    expect(crypto.ed25519Verify(crypto.ed25519PublicKey(seed), Uint8Array.of(0x72), signature)).toBe(true);
  });

  it('ed25519: refuses altered, non-canonical and malformed input without throwing', () => {
    const seed = random(SIZES.ed25519Seed);
    const publicKey = crypto.ed25519PublicKey(seed);
    const message = random(40);
    const signature = crypto.ed25519Sign(seed, message);
    expect(crypto.ed25519Verify(publicKey, message, signature)).toBe(true);
    for (let index = 0; index < signature.length; index++) {
      expect(crypto.ed25519Verify(publicKey, message, flip(signature, index))).toBe(false);
    }
    expect(crypto.ed25519Verify(publicKey, flip(message, 0), signature)).toBe(false);
    expect(crypto.ed25519Verify(publicKey, message, addGroupOrder(signature))).toBe(false);
    expect(crypto.ed25519Verify(new Uint8Array(32).fill(0xff), message, signature)).toBe(false);
    for (const size of [0, 31, 33]) expect(crypto.ed25519Verify(new Uint8Array(size), message, signature)).toBe(false);
    for (const size of [0, 63, 65]) expect(crypto.ed25519Verify(publicKey, message, new Uint8Array(size))).toBe(false);
  });

  it('ed25519: the identity point in a non-canonical form (y = 1 with sign) verifies nothing', () => {
    const minusZero = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 1 : index === 31 ? 0x80 : 0));
    const signature = new Uint8Array(64);
    signature[0] = 1; // R = identity, S = 0 fits every message under the identity as key.
    expect(crypto.ed25519Verify(minusZero, random(10), signature)).toBe(false);
  });

  it('wrong sizes are mistakes of the caller: RangeError', () => {
    const short = new Uint8Array(31);
    const key = new Uint8Array(32);
    const { secretKey } = crypto.kemKeyPair(random);
    const calls = [
      () => crypto.x25519PublicKey(short),
      () => crypto.x25519(short, key),
      () => crypto.x25519(key, short),
      () => crypto.kemKeyPairFromSeed(key),
      () => crypto.kemEncapsulate(key, random),
      () => crypto.kemDecapsulate(secretKey, key),
      () => crypto.aeadSeal(short, new Uint8Array(12), short, short),
      () => crypto.aeadSeal(key, new Uint8Array(11), short, short),
      () => crypto.aeadOpen(short, new Uint8Array(12), short, key),
      () => crypto.aeadOpen(key, new Uint8Array(13), short, key),
      () => crypto.sealRecord(key, new Uint8Array(15), short, []),
      () => crypto.ed25519PublicKey(short),
      () => crypto.ed25519Sign(short, key),
    ];
    for (const call of calls) expect(call).toThrow(RangeError);
  });
}

/** Order of the Ed25519 base point, little-endian (RFC 8032 §5.1). */
const GROUP_ORDER = bytes('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');

/** The malleable twin of a signature: S + L. */
function addGroupOrder(signature: Uint8Array): Uint8Array {
  const twin = Uint8Array.from(signature);
  let carry = 0;
  for (let index = 0; index < GROUP_ORDER.length; index++) {
    const sum = (twin[32 + index] ?? 0) + (GROUP_ORDER[index] ?? 0) + carry;
    twin[32 + index] = sum & 0xff;
    carry = sum >> 8;
  }
  return twin;
}

function bytes(hex: string): Uint8Array {
  const parsed = fromHex(hex);
  if (parsed === undefined) throw new TypeError('not hexadecimal');
  return parsed;
}

function flip(original: Uint8Array, index: number): Uint8Array {
  const altered = Uint8Array.from(original);
  altered[index] = (altered[index] ?? 0) ^ 0x01;
  return altered;
}

function sameBytes(left: Uint8Array | undefined, right: Uint8Array): boolean {
  return left?.length === right.length && right.every((byte, index) => byte === left[index]);
}

function errorOf(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}
