/**
 * The port of `crypto.ts` without `node:crypto`, for browsers and for simulation: X25519 and Ed25519 of tweetnacl,
 * AES-256-GCM, SHA-2 and ML-KEM-768 of noble. All randomness comes from the `random` argument. It interoperates with
 * `nativeCrypto`; both run the suite of `crypto.compliance.ts`.
 */
import { gcm } from '@noble/ciphers/aes.js';
import { hmac } from '@noble/hashes/hmac.js';
import { scryptAsync } from '@noble/hashes/scrypt.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import nacl from 'tweetnacl';
import { concat, wipe } from '../bytes/index.ts';
import { ProtocolError } from '../errors/index.ts';
import { SIZES, type Crypto, type KemKeyPair, type KemSecretKey } from './crypto.ts';
import { isCanonicalPublicKey, isCanonicalSignature } from './ed25519-encoding.ts';
import { expectSize } from './expect-size.ts';

const HEADER_NONCE_OFFSET = 4;

/** The portable implementation: stateless, the same in every JavaScript engine. */
export const portableCrypto: Crypto = {
  name: 'portable',

  sha256,
  sha512,
  hmacSha256: (key, data) => hmac(sha256, key, data),

  scrypt(passphrase, salt, { logN, r, p }) {
    const N = 2 ** logN;
    return scryptAsync(passphrase, salt, { N, r, p, dkLen: SIZES.aeadKey, maxmem: 256 * r * (N + p) });
  },

  x25519PublicKey(secretKey) {
    expectSize('secretKey', secretKey, SIZES.x25519Key);
    return nacl.scalarMult.base(secretKey);
  },

  x25519(secretKey, publicKey) {
    expectSize('secretKey', secretKey, SIZES.x25519Key);
    expectSize('publicKey', publicKey, SIZES.x25519Key);
    const shared = nacl.scalarMult(secretKey, publicKey);
    // RFC 7748 §6.1: without this check a low-order point makes the secret predictable.
    if (isZero(shared)) throw new ProtocolError('E_HANDSHAKE', 'the X25519 public key has low order');
    return shared;
  },

  kemKeyPair(random) {
    const seed = random(SIZES.kemSeed);
    try {
      return keyPairFromSeed(seed);
    } finally {
      wipe(seed);
    }
  },

  kemKeyPairFromSeed: keyPairFromSeed,

  kemEncapsulate(publicKey, random) {
    expectSize('publicKey', publicKey, SIZES.kemPublicKey);
    const message = random(SIZES.sharedSecret);
    expectSize('random', message, SIZES.sharedSecret);
    try {
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, message);
      return { ciphertext: cipherText, sharedSecret };
    } catch (cause) {
      // With all sizes checked above, FIPS 203 §7.2's modulus check is the only thing left that fails.
      throw new ProtocolError('E_HANDSHAKE', 'the ML-KEM-768 encapsulation key is invalid', { cause });
    } finally {
      wipe(message);
    }
  },

  kemDecapsulate(secretKey, ciphertext) {
    if (!(secretKey instanceof PortableKemSecretKey)) throw new TypeError('"secretKey" is not of portableCrypto');
    expectSize('ciphertext', ciphertext, SIZES.kemCiphertext);
    return secretKey.decapsulate(ciphertext);
  },

  aeadSeal(key, nonce, associatedData, plaintext) {
    return cipher(key, nonce, associatedData).encrypt(plaintext);
  },

  aeadOpen(key, nonce, associatedData, sealed) {
    const opener = cipher(key, nonce, associatedData);
    try {
      return opener.decrypt(sealed);
    } catch {
      return undefined;
    }
  },

  sealRecord(key, header, plaintext, output) {
    expectSize('header', header, HEADER_NONCE_OFFSET + SIZES.aeadNonce);
    const associatedData = header.subarray(0, HEADER_NONCE_OFFSET);
    const sealed = cipher(key, header.subarray(HEADER_NONCE_OFFSET), associatedData).encrypt(plaintext);
    output.push(concat(header, sealed));
  },

  setAside() {
    // Keys are used as they are.
  },

  ed25519PublicKey(seed) {
    expectSize('seed', seed, SIZES.ed25519Seed);
    return nacl.sign.keyPair.fromSeed(seed).publicKey;
  },

  ed25519Sign(seed, message) {
    expectSize('seed', seed, SIZES.ed25519Seed);
    const { secretKey } = nacl.sign.keyPair.fromSeed(seed);
    try {
      return nacl.sign.detached(message, secretKey);
    } finally {
      wipe(secretKey);
    }
  },

  ed25519Verify(publicKey, message, signature) {
    if (!isCanonicalPublicKey(publicKey) || !isCanonicalSignature(signature)) return false;
    return nacl.sign.detached.verify(message, signature, publicKey);
  },
};

/** Holds the expanded decapsulation key (2,400 bytes) where printing does not reach it. */
class PortableKemSecretKey implements KemSecretKey {
  readonly kind = 'ml-kem-768-secret-key';
  #expanded: Uint8Array | undefined;

  constructor(expanded: Uint8Array) {
    this.#expanded = expanded;
  }

  decapsulate(ciphertext: Uint8Array): Uint8Array {
    if (this.#expanded === undefined) throw new TypeError('this ML-KEM-768 key was wiped');
    return ml_kem768.decapsulate(ciphertext, this.#expanded);
  }

  wipe(): void {
    this.#expanded?.fill(0);
    this.#expanded = undefined;
  }
}

function keyPairFromSeed(seed: Uint8Array): KemKeyPair {
  expectSize('seed', seed, SIZES.kemSeed);
  const { publicKey, secretKey } = ml_kem768.keygen(seed);
  return { publicKey, secretKey: new PortableKemSecretKey(secretKey) };
}

function cipher(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array): ReturnType<typeof gcm> {
  expectSize('key', key, SIZES.aeadKey);
  expectSize('nonce', nonce, SIZES.aeadNonce);
  return gcm(key, nonce, associatedData);
}

function isZero(bytes: Uint8Array): boolean {
  let bits = 0;
  for (const byte of bytes) bits |= byte;
  return bits === 0;
}
