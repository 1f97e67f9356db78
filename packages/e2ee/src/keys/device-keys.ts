/** DeviceKeys: the secrets of a messaging device, which are not the transport key of the agent. */
import { concat, wipe } from '@sealane/shared/bytes';
import {
  SIZES,
  StaticKeyPair,
  expectSize,
  type Crypto,
  type DocumentSigner,
  type Random,
} from '@sealane/shared/crypto';

/** What `util.inspect` and `console.log` of Node call; a registered symbol, so no `node:` import is needed. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** Size of `toSecretBytes`. */
export const DEVICE_KEYS_BYTES = SIZES.ed25519Seed + SIZES.x25519Key;

/**
 * The keys of a messaging device: an Ed25519 seed that signs its statements and messages, and an X25519 key to which
 * things are sealed for it. Neither ever leaves the device; printing shows no bytes.
 */
export class DeviceKeys implements DocumentSigner {
  readonly signingPublicKey: Uint8Array;
  /** X25519 pair for sealed boxes. */
  readonly box: StaticKeyPair;
  readonly #crypto: Crypto;
  readonly #signingSeed: Uint8Array;
  #wiped = false;

  /** @param secret 64 bytes of `toSecretBytes`, copied. */
  constructor(crypto: Crypto, secret: Uint8Array) {
    expectSize('secret', secret, DEVICE_KEYS_BYTES);
    this.#crypto = crypto;
    this.#signingSeed = Uint8Array.from(secret.subarray(0, SIZES.ed25519Seed));
    this.signingPublicKey = crypto.ed25519PublicKey(this.#signingSeed);
    this.box = new StaticKeyPair(crypto, secret.subarray(SIZES.ed25519Seed));
  }

  /** Fresh keys. */
  static generate(crypto: Crypto, random: Random): DeviceKeys {
    const secret = random(DEVICE_KEYS_BYTES);
    const keys = new DeviceKeys(crypto, secret);
    wipe(secret);
    return keys;
  }

  /** Ed25519 seed, 32 bytes, borrowed: what the MLS engine signs with. @throws TypeError after `wipe`. */
  get signingSeed(): Uint8Array {
    if (this.#wiped) throw new TypeError('these device keys were wiped');
    return this.#signingSeed;
  }

  /** @throws TypeError after `wipe`. */
  sign(message: Uint8Array): Uint8Array {
    return this.#crypto.ed25519Sign(this.signingSeed, message);
  }

  /** The secrets, for a place that keeps them safe: 64 bytes, a copy. */
  toSecretBytes(): Uint8Array {
    return concat(this.signingSeed, this.box.secretKey);
  }

  /** Overwrites the secrets; later uses throw. */
  wipe(): void {
    this.#wiped = true;
    wipe(this.#signingSeed);
    this.box.wipe();
  }

  toString(): string {
    return 'DeviceKeys(secret)';
  }

  toJSON(): string {
    return this.toString();
  }

  [INSPECT](): string {
    return this.toString();
  }
}
