/**
 * The port of `crypto.ts` over `node:crypto`, for servers and agents under Node 24. It interoperates with
 * `portableCrypto`; both run the suite of `crypto.compliance.ts`. Measured costs stand beside what they decided.
 *
 * Arrays that it returns may be Buffers (a Uint8Array whose `slice` is a view): copy with `Uint8Array.from`.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  createSecretKey,
  decapsulate,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  hash,
  scrypt,
  sign,
  verify,
  type CipherGCM,
  type KeyObject,
} from 'node:crypto';
import {
  SIZES,
  expectSize,
  isCanonicalPublicKey,
  isCanonicalSignature,
  type Crypto,
  type KemKeyPair,
  type KemSecretKey,
} from '../crypto/index.ts';
import { ProtocolError } from '../errors/index.ts';
import { hmacSha256 } from './hmac-sha256.ts';
import { keyFormat, type KeyType } from './key-formats.ts';
import { KeyObjectCache } from './key-object-cache.ts';
import { withoutStackTraces } from './without-stack-traces.ts';

const CIPHER = 'aes-256-gcm';
const TAG_OPTIONS = { authTagLength: SIZES.aeadTag };
const RECORD_HEADER_BYTES = 16;
const HEADER_NONCE_OFFSET = 4;

/** Below this, copying into one piece costs less than a second and third chunk on the way to the socket. */
const CONTIGUOUS_BYTES_MAX = 2_048;

// Pure caches: they change the cost of a call, never its result.
const aeadKeys = new KeyObjectCache((bytes) => createSecretKey(bytes));
const x25519Secrets = new KeyObjectCache((bytes) => keyFormat.privateKey('x25519', bytes));
// A handshake uses the ephemeral key of the peer twice.
const x25519PublicKeys = new KeyObjectCache((bytes) => keyFormat.publicKey('x25519', bytes));
const ed25519Seeds = new KeyObjectCache((bytes) => keyFormat.privateKey('ed25519', bytes));

/** The native implementation: secret keys become key objects once, see `key-object-cache.ts`. */
export const nativeCrypto: Crypto = {
  name: 'native',

  sha256: (data) => hash('sha256', data, 'buffer'),
  sha512: (data) => hash('sha512', data, 'buffer'),
  hmacSha256,

  // In a thread, and in half the time of what JavaScript needs.
  scrypt(passphrase, salt, { logN, r, p }) {
    const cost = { N: 2 ** logN, r, p, maxmem: 256 * r * (2 ** logN + p) };
    return new Promise((resolve, reject) => {
      scrypt(passphrase, salt, SIZES.aeadKey, cost, (error, key) => (error === null ? resolve(key) : reject(error)));
    });
  },

  x25519PublicKey(secretKey) {
    expectSize('secretKey', secretKey, SIZES.x25519Key);
    return withoutStackTraces(() => keyFormat.publicBytes(createPublicKey(x25519Secrets.get(secretKey))));
  },

  x25519(secretKey, publicKey) {
    expectSize('secretKey', secretKey, SIZES.x25519Key);
    expectSize('publicKey', publicKey, SIZES.x25519Key);
    try {
      const privateKey = x25519Secrets.get(secretKey);
      return diffieHellman({ privateKey, publicKey: x25519PublicKeys.get(publicKey) });
    } catch (cause) {
      // OpenSSL refuses an all-zero result itself (RFC 7748 §6.1); with the sizes checked nothing else fails here.
      throw new ProtocolError('E_HANDSHAKE', 'the X25519 public key has low order', { cause });
    }
  },

  kemKeyPair: () => withoutStackTraces(() => kemKeyPairOf(generateKeyPairSync('ml-kem-768'))),

  kemKeyPairFromSeed(seed) {
    expectSize('seed', seed, SIZES.kemSeed);
    return withoutStackTraces(() => {
      const privateKey = keyFormat.privateKey('ml-kem-768', seed);
      return kemKeyPairOf({ publicKey: createPublicKey(privateKey), privateKey });
    });
  },

  kemEncapsulate(publicKey) {
    expectSize('publicKey', publicKey, SIZES.kemPublicKey);
    try {
      // Its bytes and no key object: one would hold some 10 KiB until V8's next full collection.
      const { ciphertext, sharedKey } = withoutStackTraces(() =>
        encapsulate(keyFormat.publicInput('ml-kem-768', publicKey)),
      );
      return { ciphertext, sharedSecret: sharedKey };
    } catch (cause) {
      throw new ProtocolError('E_HANDSHAKE', 'the ML-KEM-768 encapsulation key is invalid', { cause });
    }
  },

  kemDecapsulate(secretKey, ciphertext) {
    if (!(secretKey instanceof NativeKemSecretKey)) throw new TypeError('"secretKey" is not of nativeCrypto');
    expectSize('ciphertext', ciphertext, SIZES.kemCiphertext);
    return secretKey.decapsulate(ciphertext);
  },

  aeadSeal(key, nonce, associatedData, plaintext) {
    const cipher = startCipher(key, nonce, associatedData);
    const ciphertext = cipher.update(plaintext);
    cipher.final();
    const sealed = Buffer.allocUnsafe(plaintext.length + SIZES.aeadTag);
    sealed.set(ciphertext, 0);
    sealed.set(cipher.getAuthTag(), plaintext.length);
    return sealed;
  },

  aeadOpen(key, nonce, associatedData, sealed) {
    expectSize('key', key, SIZES.aeadKey);
    expectSize('nonce', nonce, SIZES.aeadNonce);
    const size = sealed.length - SIZES.aeadTag;
    if (size < 0) return undefined;
    const decipher = createDecipheriv(CIPHER, aeadKeys.get(key), nonce, TAG_OPTIONS);
    decipher.setAuthTag(sealed.subarray(size));
    decipher.setAAD(associatedData);
    const plaintext = decipher.update(sealed.subarray(0, size));
    try {
      decipher.final();
    } catch {
      plaintext.fill(0); // Unauthenticated bytes go nowhere.
      return undefined;
    }
    return plaintext;
  },

  sealRecord(key, header, plaintext, output) {
    expectSize('header', header, RECORD_HEADER_BYTES);
    const associatedData = header.subarray(0, HEADER_NONCE_OFFSET);
    const cipher = startCipher(key, header.subarray(HEADER_NONCE_OFFSET), associatedData);
    const ciphertext = cipher.update(plaintext);
    cipher.final();
    const tag = cipher.getAuthTag();
    if (plaintext.length >= CONTIGUOUS_BYTES_MAX) {
      output.push(Uint8Array.from(header), ciphertext, tag);
      return;
    }
    const record = Buffer.allocUnsafe(RECORD_HEADER_BYTES + plaintext.length + SIZES.aeadTag);
    record.set(header, 0);
    record.set(ciphertext, RECORD_HEADER_BYTES);
    record.set(tag, RECORD_HEADER_BYTES + plaintext.length);
    output.push(record);
  },

  setAside: (key) => aeadKeys.drop(key),

  ed25519PublicKey(seed) {
    expectSize('seed', seed, SIZES.ed25519Seed);
    return keyFormat.publicBytes(createPublicKey(ed25519Seeds.get(seed)));
  },

  ed25519Sign(seed, message) {
    expectSize('seed', seed, SIZES.ed25519Seed);
    return sign(null, message, ed25519Seeds.get(seed));
  },

  ed25519Verify(publicKey, message, signature) {
    if (!isCanonicalPublicKey(publicKey) || !isCanonicalSignature(signature)) return false;
    const key = publicKeyOrUndefined('ed25519', publicKey);
    return key !== undefined && verify(null, message, key, signature);
  },
};

/** Holds the key object of a decapsulation key; OpenSSL clears its memory when the object goes. */
class NativeKemSecretKey implements KemSecretKey {
  readonly kind = 'ml-kem-768-secret-key';
  #key: KeyObject | undefined;

  constructor(key: KeyObject) {
    this.#key = key;
  }

  decapsulate(ciphertext: Uint8Array): Uint8Array {
    if (this.#key === undefined) throw new TypeError('this ML-KEM-768 key was wiped');
    return decapsulate(this.#key, ciphertext);
  }

  wipe(): void {
    this.#key = undefined;
  }
}

function kemKeyPairOf(pair: { publicKey: KeyObject; privateKey: KeyObject }): KemKeyPair {
  return { publicKey: keyFormat.publicBytes(pair.publicKey), secretKey: new NativeKemSecretKey(pair.privateKey) };
}

function startCipher(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array): CipherGCM {
  expectSize('key', key, SIZES.aeadKey);
  expectSize('nonce', nonce, SIZES.aeadNonce);
  const cipher = createCipheriv(CIPHER, aeadKeys.get(key), nonce);
  cipher.setAAD(associatedData);
  return cipher;
}

function publicKeyOrUndefined(type: KeyType, bytes: Uint8Array): KeyObject | undefined {
  try {
    return withoutStackTraces(() => keyFormat.publicKey(type, bytes));
  } catch {
    return undefined;
  }
}
