/** RecoveryKey: two key pairs out of one secret (docs/protocols/messaging-formats.md §5). */
import { utf8Encode, wipe } from '@sealane/shared/bytes';
import {
  StaticKeyPair,
  expectSize,
  hkdfExpand,
  hkdfExtract,
  type Crypto,
  type DocumentSigner,
  type Random,
} from '@sealane/shared/crypto';
import { RECOVERY_SECRET_BYTES, recoveryText } from './recovery-text.ts';

const INSPECT = Symbol.for('nodejs.util.inspect.custom');
const SALT = utf8Encode('sealane recovery key 1');

/**
 * The recovery key of an account: 256 random bits that its owner writes down when the account is made, and no device
 * keeps. It signs statements that outrank those of devices, and opens what was sealed for a backup. Printing shows no
 * bytes.
 */
export class RecoveryKey implements DocumentSigner {
  readonly signingPublicKey: Uint8Array;
  /** X25519 pair that backups are sealed to. */
  readonly box: StaticKeyPair;
  readonly #crypto: Crypto;
  readonly #secret: Uint8Array;
  readonly #signingSeed: Uint8Array;
  #wiped = false;

  /** @param secret 32 random bytes, copied. */
  constructor(crypto: Crypto, secret: Uint8Array) {
    expectSize('secret', secret, RECOVERY_SECRET_BYTES);
    this.#crypto = crypto;
    this.#secret = Uint8Array.from(secret);
    const root = hkdfExtract(crypto, SALT, this.#secret);
    this.#signingSeed = hkdfExpand(crypto, root, utf8Encode('signing'), 32);
    this.signingPublicKey = crypto.ed25519PublicKey(this.#signingSeed);
    const boxSecret = hkdfExpand(crypto, root, utf8Encode('box'), 32);
    this.box = new StaticKeyPair(crypto, boxSecret);
    wipe(root, boxSecret);
  }

  /** A fresh key. */
  static generate(crypto: Crypto, random: Random): RecoveryKey {
    const secret = random(RECOVERY_SECRET_BYTES);
    const key = new RecoveryKey(crypto, secret);
    wipe(secret);
    return key;
  }

  /** What its owner writes down: 14 groups of 5 characters. @throws TypeError after `wipe`. */
  toText(): string {
    this.#expectWhole();
    return recoveryText(this.#secret);
  }

  /** @throws TypeError after `wipe`. */
  sign(message: Uint8Array): Uint8Array {
    this.#expectWhole();
    return this.#crypto.ed25519Sign(this.#signingSeed, message);
  }

  /** Overwrites the secrets; later uses throw. */
  wipe(): void {
    this.#wiped = true;
    wipe(this.#secret, this.#signingSeed);
    this.box.wipe();
  }

  toString(): string {
    return 'RecoveryKey(secret)';
  }

  toJSON(): string {
    return this.toString();
  }

  [INSPECT](): string {
    return this.toString();
  }

  #expectWhole(): void {
    if (this.#wiped) throw new TypeError('this recovery key was wiped');
  }
}
