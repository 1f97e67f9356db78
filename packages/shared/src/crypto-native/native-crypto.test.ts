import { inspect } from 'node:util';
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { toHex } from '../bytes/index.ts';
import { SIZES, portableCrypto, type Crypto } from '../crypto/index.ts';
import { countingRandom, cryptoCompliance } from '../crypto/crypto.compliance.ts';
import { derKeyFormat, rawKeyFormat, type KeyType } from './key-formats.ts';
import { nativeCrypto } from './native-crypto.ts';

const random = countingRandom(99);
const PAIRS: [string, Crypto, Crypto][] = [
  ['native → portable', nativeCrypto, portableCrypto],
  ['portable → native', portableCrypto, nativeCrypto],
];

describe('nativeCrypto', () => {
  cryptoCompliance(nativeCrypto, { it, expect });

  it('sealRecord: one piece below 2 KiB, from there the ciphertext uncopied between header and tag', () => {
    const sizes = (plaintextBytes: number): number[] => {
      const output: Uint8Array[] = [];
      nativeCrypto.sealRecord(random(32), random(16), random(plaintextBytes), output);
      return output.map((piece) => piece.length);
    };
    expect(sizes(2_047)).toEqual([2_047 + 32]);
    expect(sizes(2_048)).toEqual([16, 2_048, 16]);
  });

  it('printing a KEM key shows no bytes', () => {
    const { secretKey } = nativeCrypto.kemKeyPairFromSeed(random(64));
    expect(inspect(secretKey, { showHidden: true })).not.toMatch(/Buffer|Uint8Array|KeyObject/);
  });
});

describe.each(PAIRS)('interop %s', (_, first, second) => {
  it('hashes, HMAC and public keys are the same', () => {
    for (const size of [0, 1, 63, 64, 65, 1_000]) {
      const data = random(size);
      const key = random(size % 70);
      expect(toHex(first.sha256(data))).toBe(toHex(second.sha256(data)));
      expect(toHex(first.sha512(data))).toBe(toHex(second.sha512(data)));
      expect(toHex(first.hmacSha256(key, data))).toBe(toHex(second.hmacSha256(key, data)));
    }
    for (let round = 0; round < 5; round++) {
      const [secret, seed] = [random(32), random(64)];
      expect(toHex(first.x25519PublicKey(secret))).toBe(toHex(second.x25519PublicKey(secret)));
      expect(toHex(first.ed25519PublicKey(secret))).toBe(toHex(second.ed25519PublicKey(secret)));
      expect(toHex(first.kemKeyPairFromSeed(seed).publicKey)).toBe(toHex(second.kemKeyPairFromSeed(seed).publicKey));
    }
  });

  it('X25519: both sides agree', () => {
    const [here, there] = [random(32), random(32)];
    expect(toHex(first.x25519(here, second.x25519PublicKey(there)))).toBe(
      toHex(second.x25519(there, first.x25519PublicKey(here))),
    );
  });

  it('ML-KEM-768: one encapsulates, the other decapsulates, altered ciphertexts too', () => {
    const seed = random(64);
    const { publicKey, secretKey } = second.kemKeyPair(random);
    const { ciphertext, sharedSecret } = first.kemEncapsulate(publicKey, random);
    expect(toHex(second.kemDecapsulate(secretKey, ciphertext))).toBe(toHex(sharedSecret));
    const [here, there] = [first.kemKeyPairFromSeed(seed), second.kemKeyPairFromSeed(seed)];
    const noise = random(SIZES.kemCiphertext);
    expect(toHex(first.kemDecapsulate(here.secretKey, noise))).toBe(
      toHex(second.kemDecapsulate(there.secretKey, noise)),
    );
  });

  it('AES-256-GCM: one seals, the other opens', () => {
    const [key, nonce, associatedData, plaintext] = [random(32), random(12), random(9), random(3_000)];
    const sealed = first.aeadSeal(key, nonce, associatedData, plaintext);
    expect(toHex(second.aeadOpen(key, nonce, associatedData, sealed)!)).toBe(toHex(plaintext));
  });

  it('Ed25519: one signs, the other verifies', () => {
    const [seed, message] = [random(32), random(100)];
    const signature = first.ed25519Sign(seed, message);
    expect(toHex(signature)).toBe(toHex(second.ed25519Sign(seed, message)));
    expect(second.ed25519Verify(first.ed25519PublicKey(seed), message, signature)).toBe(true);
  });
});

describe('key formats', () => {
  it.each<[KeyType, number]>([
    ['x25519', 32],
    ['ed25519', 32],
    ['ml-kem-768', 64],
  ])('raw and DER name the same %s keys', (type, secretSize) => {
    const secret = randomBytes(secretSize);
    const raw = rawKeyFormat.privateKey(type, secret);
    const der = derKeyFormat.privateKey(type, secret);
    expect(raw.equals(der)).toBe(true);
    const bytes = publicBytesOf(type, secret);
    expect(toHex(rawKeyFormat.publicBytes(rawKeyFormat.publicKey(type, bytes)))).toBe(toHex(bytes));
    expect(toHex(derKeyFormat.publicBytes(derKeyFormat.publicKey(type, bytes)))).toBe(toHex(bytes));
  });
});

function publicBytesOf(type: KeyType, secret: Uint8Array): Uint8Array {
  if (type === 'x25519') return portableCrypto.x25519PublicKey(secret);
  return type === 'ed25519'
    ? portableCrypto.ed25519PublicKey(secret)
    : portableCrypto.kemKeyPairFromSeed(secret).publicKey;
}
