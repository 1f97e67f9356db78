/**
 * One type per key role. Their secrets live in private fields: printing, serialising or inspecting one shows its role
 * and no bytes. How keys rest on disk is the business of `packages/node`.
 */
import { wipe } from '../bytes/index.ts';
import { SIZES, type Crypto } from './crypto.ts';
import { expectSize } from './expect-size.ts';

/** What `util.inspect` and `console.log` of Node call; a registered symbol, so no `node:` import is needed. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** Whoever signs documents. */
export interface DocumentSigner {
  /** Ed25519 public key, 32 bytes. */
  readonly signingPublicKey: Uint8Array;
  /** Ed25519 signature, 64 bytes (RFC 8032 §5.1.6). */
  sign(message: Uint8Array): Uint8Array;
}

/** The long-lived X25519 pair that a side proves in the handshake: Noise's `s`. */
export class StaticKeyPair {
  /** X25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly #secretKey: Uint8Array;
  #wiped = false;

  /** @param secretKey 32 bytes, copied. */
  constructor(crypto: Crypto, secretKey: Uint8Array) {
    expectSize('secretKey', secretKey, SIZES.x25519Key);
    this.#secretKey = Uint8Array.from(secretKey);
    this.publicKey = crypto.x25519PublicKey(this.#secretKey);
  }

  /**
   * X25519 secret key, 32 bytes, borrowed: always the same array, which implementations may key their caches by.
   *
   * @throws TypeError after `wipe`.
   */
  get secretKey(): Uint8Array {
    if (this.#wiped) throw new TypeError('this static key was wiped');
    return this.#secretKey;
  }

  /** Overwrites the secret; later uses throw. */
  wipe(): void {
    this.#wiped = true;
    wipe(this.#secretKey);
  }

  toString(): string {
    return 'StaticKeyPair(secret)';
  }

  toJSON(): string {
    return this.toString();
  }

  [INSPECT](): string {
    return this.toString();
  }
}

/**
 * The identity of a server or an agent: one Ed25519 seed that signs documents, and the X25519 pair converted from it
 * (RFC 7748 §4.1; as libsodium's `crypto_sign_ed25519_sk_to_curve25519`), so that one file holds all of it.
 */
export class IdentityKeys implements DocumentSigner {
  readonly static: StaticKeyPair;
  readonly signingPublicKey: Uint8Array;
  readonly #crypto: Crypto;
  readonly #seed: Uint8Array;
  #wiped = false;

  /** @param seed 32 random bytes, copied (RFC 8032 §5.1.5). */
  constructor(crypto: Crypto, seed: Uint8Array) {
    expectSize('seed', seed, SIZES.ed25519Seed);
    this.#crypto = crypto;
    this.#seed = Uint8Array.from(seed);
    this.signingPublicKey = crypto.ed25519PublicKey(this.#seed);
    const secretKey = x25519SecretKeyOf(crypto, this.#seed);
    this.static = new StaticKeyPair(crypto, secretKey);
    wipe(secretKey);
  }

  /** @throws TypeError after `wipe`. */
  sign(message: Uint8Array): Uint8Array {
    if (this.#wiped) throw new TypeError('this identity was wiped');
    return this.#crypto.ed25519Sign(this.#seed, message);
  }

  /** Overwrites the seed and the static secret; later uses throw. */
  wipe(): void {
    this.#wiped = true;
    wipe(this.#seed);
    this.static.wipe();
  }

  toString(): string {
    return 'IdentityKeys(secret)';
  }

  toJSON(): string {
    return this.toString();
  }

  [INSPECT](): string {
    return this.toString();
  }
}

/** clamp(SHA-512(seed)[0..32]): the scalar that RFC 8032 §5.1.5 derives, as an X25519 secret. */
function x25519SecretKeyOf(crypto: Crypto, seed: Uint8Array): Uint8Array {
  const hash = crypto.sha512(seed);
  // Not `slice`: on a Buffer that is a view, and wiping the hash would wipe the key.
  const secretKey = Uint8Array.from(hash.subarray(0, 32));
  wipe(hash);
  secretKey[0] = (secretKey[0] ?? 0) & 0xf8;
  secretKey[31] = ((secretKey[31] ?? 0) & 0x7f) | 0x40;
  return secretKey;
}
