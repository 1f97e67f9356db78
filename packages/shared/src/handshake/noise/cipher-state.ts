/**
 * CipherState of the Noise Protocol Framework, revision 34, §5.1, with the AESGCM cipher of §12.3.
 * Implements docs/protocols/handshake.md §3.2. It is not the record layer, which has its own nonces and limits.
 */
import { wipe } from '../../bytes/index.ts';
import { SIZES, type Crypto } from '../../crypto/crypto.ts';
import { ProtocolError } from '../../errors/index.ts';

/** 2^64 − 1 is reserved by Noise for rekey; no message is ever sealed with it. */
const NONCE_RESERVED = 0xffff_ffff_ffff_ffffn;

/** A key (or none yet) and the counter of the next message. Once an open fails, it is dead. */
export class CipherState {
  readonly #crypto: Crypto;
  #key: Uint8Array | undefined;
  #nonce = 0n;
  #dead = false;

  /** @param key 32 bytes, owned from here on; without it messages pass unchanged until `initializeKey`. */
  constructor(crypto: Crypto, key?: Uint8Array) {
    this.#crypto = crypto;
    if (key !== undefined) this.initializeKey(key);
  }

  /** Replaces the key (32 bytes, owned from here on; the old one is wiped) and starts the nonce at 0. */
  initializeKey(key: Uint8Array): void {
    if (key.length !== SIZES.aeadKey) throw new RangeError(`"key" expected 32 bytes, got ${key.length}`);
    if (this.#key !== undefined) wipe(this.#key);
    this.#key = key;
    this.#nonce = 0n;
  }

  hasKey(): boolean {
    return this.#key !== undefined;
  }

  /** Sets the counter of the next message (Noise §5.1 SetNonce). */
  setNonce(nonce: bigint): void {
    if (nonce < 0n || nonce > NONCE_RESERVED) throw new RangeError('"nonce" expected an unsigned 64-bit number');
    this.#nonce = nonce;
  }

  /**
   * Ciphertext ‖ 16-byte tag, or a copy of the plaintext while there is no key.
   *
   * @throws ProtocolError `E_RECORD_LIMIT` when the nonces of this key are used up; `E_HANDSHAKE` once dead.
   */
  encryptWithAd(associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array {
    this.#checkAlive();
    if (this.#key === undefined) return new Uint8Array(plaintext);
    const sealed = this.#crypto.aeadSeal(this.#key, this.#currentNonce(), associatedData, plaintext);
    this.#nonce += 1n;
    return sealed;
  }

  /**
   * The plaintext, or a copy of the argument while there is no key. A failure wipes the key for good (T8).
   *
   * @throws ProtocolError `E_HANDSHAKE` when the tag does not fit, and ever after; `E_RECORD_LIMIT` as above.
   */
  decryptWithAd(associatedData: Uint8Array, sealed: Uint8Array): Uint8Array {
    this.#checkAlive();
    if (this.#key === undefined) return new Uint8Array(sealed);
    const nonce = this.#currentNonce();
    const plaintext =
      sealed.length < SIZES.aeadTag ? undefined : this.#crypto.aeadOpen(this.#key, nonce, associatedData, sealed);
    if (plaintext === undefined) {
      this.wipe();
      throw new ProtocolError('E_HANDSHAKE', 'A sealed handshake field does not fit its tag.');
    }
    this.#nonce += 1n;
    return plaintext;
  }

  /** Wipes the key; the state is dead afterwards. */
  wipe(): void {
    if (this.#key !== undefined) wipe(this.#key);
    this.#key = undefined;
    this.#dead = true;
  }

  /** Noise §12.3: 32 zero bits ‖ the counter as 64 bits, big-endian. */
  #currentNonce(): Uint8Array {
    if (this.#nonce === NONCE_RESERVED) {
      this.wipe();
      throw new ProtocolError('E_RECORD_LIMIT', 'The nonces of this handshake key are used up.');
    }
    const nonce = new Uint8Array(SIZES.aeadNonce);
    new DataView(nonce.buffer).setBigUint64(4, this.#nonce);
    return nonce;
  }

  #checkAlive(): void {
    if (this.#dead) throw new ProtocolError('E_HANDSHAKE', 'This cipher state has ended.');
  }
}
