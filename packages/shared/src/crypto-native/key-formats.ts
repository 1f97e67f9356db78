/**
 * How raw key bytes become key objects of `node:crypto` and back.
 *
 * Node 24 imports raw bytes since a late minor release; before that only DER. Raw is cheaper (X25519 public 36 µs
 * instead of 44, a fresh ML-KEM pair with its public bytes 70 instead of 114), so it is taken where it exists.
 */
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  type PublicKeyInput,
  type RawPublicKeyInput,
} from 'node:crypto';
import { SIZES } from '../crypto/index.ts';

/** The key types of wire version 1. */
export type KeyType = 'x25519' | 'ed25519' | 'ml-kem-768';

/** One way to carry keys in and out of `node:crypto`. Each throws OpenSSL's error for bytes that are no key. */
export interface KeyFormat {
  publicKey(type: KeyType, bytes: Uint8Array): KeyObject;
  /** A public key that is used once and becomes no object. */
  publicInput(type: KeyType, bytes: Uint8Array): PublicKeyInput | RawPublicKeyInput;
  /** @param bytes secret scalar (X25519), seed of 32 bytes (Ed25519) or of 64 bytes (ML-KEM). */
  privateKey(type: KeyType, bytes: Uint8Array): KeyObject;
  /** Raw bytes of a public key, in a new array. */
  publicBytes(key: KeyObject): Uint8Array;
}

/** Raw imports and exports (`raw-public`, `raw-private`, `raw-seed`). */
export const rawKeyFormat: KeyFormat = {
  publicKey: (type, bytes) => createPublicKey(rawKeyFormat.publicInput(type, bytes)),
  publicInput: (type, bytes) => ({ key: bytes as Buffer, format: 'raw-public', asymmetricKeyType: type }),
  privateKey: (type, bytes) =>
    createPrivateKey({
      key: bytes as Buffer,
      format: type === 'ml-kem-768' ? 'raw-seed' : 'raw-private',
      asymmetricKeyType: type,
    }),
  publicBytes: (key) => key.export({ format: 'raw-public' }),
};

// ASN.1 in front of the raw bytes: RFC 8410 §7 and §4 (Edwards and Montgomery), RFC 9935 §6 and §4 (ML-KEM, seed form).
const PRIVATE_KEY_PREFIX: Record<KeyType, Buffer> = {
  x25519: Buffer.from('302e020100300506032b656e04220420', 'hex'),
  ed25519: Buffer.from('302e020100300506032b657004220420', 'hex'),
  'ml-kem-768': Buffer.from('3054020100300b060960864801650304040204428040', 'hex'),
};
const PUBLIC_KEY_PREFIX: Record<KeyType, Buffer> = {
  x25519: Buffer.from('302a300506032b656e032100', 'hex'),
  ed25519: Buffer.from('302a300506032b6570032100', 'hex'),
  'ml-kem-768': Buffer.from('308204b2300b0609608648016503040402038204a100', 'hex'),
};

/** PKCS #8 and SubjectPublicKeyInfo with fixed prefixes. */
export const derKeyFormat: KeyFormat = {
  publicKey: (type, bytes) => createPublicKey(derKeyFormat.publicInput(type, bytes)),
  publicInput: (type, bytes) => ({
    key: Buffer.concat([PUBLIC_KEY_PREFIX[type], bytes]),
    format: 'der',
    type: 'spki',
  }),
  privateKey(type, bytes) {
    const der = Buffer.concat([PRIVATE_KEY_PREFIX[type], bytes]);
    try {
      return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    } finally {
      der.fill(0);
    }
  },
  publicBytes(key) {
    const der = key.export({ format: 'der', type: 'spki' });
    return der.subarray(PUBLIC_KEY_PREFIX[key.asymmetricKeyType as KeyType].length);
  },
};

/** The cheapest format that this Node has. */
export const keyFormat: KeyFormat = hasRawFormat() ? rawKeyFormat : derKeyFormat;

function hasRawFormat(): boolean {
  try {
    const basePoint = new Uint8Array(SIZES.x25519Key);
    basePoint[0] = 9;
    return rawKeyFormat.publicBytes(rawKeyFormat.publicKey('x25519', basePoint)).length === SIZES.x25519Key;
  } catch {
    return false;
  }
}
