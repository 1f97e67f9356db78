/**
 * SymmetricState of the Noise Protocol Framework, revision 34, §5.2: chaining key, transcript hash and cipher.
 * Implements docs/protocols/handshake.md §3.1–§3.4. Pre-shared keys (MixKeyAndHash) are not supported.
 */
import { concat, utf8Encode, wipe } from '../../bytes/index.ts';
import { hkdfExpand, SIZES, type Crypto } from '../../crypto/index.ts';
import { CipherState } from './cipher-state.ts';

const NO_BYTES = new Uint8Array(0);

/** The two transport keys of Split, 32 bytes each. */
export interface TransportKeys {
  readonly initiatorToResponder: Uint8Array;
  readonly responderToInitiator: Uint8Array;
}

/** Everything both sides have in common so far: what was said (`h`) and what only they know (`ck`, `k`). */
export class SymmetricState {
  readonly #crypto: Crypto;
  readonly #cipher: CipherState;
  #hash: Uint8Array;
  #chainingKey: Uint8Array;

  /** InitializeSymmetric: a name of at most 32 bytes is padded with zeros, a longer one hashed. */
  constructor(crypto: Crypto, protocolName: string) {
    this.#crypto = crypto;
    this.#cipher = new CipherState(crypto);
    const name = utf8Encode(protocolName);
    if (name.length > SIZES.hash) {
      this.#hash = crypto.sha256(name);
    } else {
      this.#hash = new Uint8Array(SIZES.hash);
      this.#hash.set(name);
    }
    // Not `slice` here and below: on a Buffer that is a view, and wiping ck would wipe h.
    this.#chainingKey = new Uint8Array(this.#hash);
  }

  /** MixKey: ck, k = HKDF(ck, input), nonce 0. The caller wipes `inputKeyMaterial`. */
  mixKey(inputKeyMaterial: Uint8Array): void {
    const [chainingKey, key] = this.#hkdf2(inputKeyMaterial);
    wipe(this.#chainingKey);
    this.#chainingKey = chainingKey;
    this.#cipher.initializeKey(key);
  }

  /** MixHash: h = SHA-256(h ‖ data). */
  mixHash(data: Uint8Array): void {
    this.#hash = this.#crypto.sha256(concat(this.#hash, data));
  }

  /** Seals with h as associated data (clear while there is no key) and mixes what travels into h. */
  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const sealed = this.#cipher.encryptWithAd(this.#hash, plaintext);
    this.mixHash(sealed);
    return sealed;
  }

  /** @throws ProtocolError `E_HANDSHAKE` when the tag does not fit. */
  decryptAndHash(sealed: Uint8Array): Uint8Array {
    const plaintext = this.#cipher.decryptWithAd(this.#hash, sealed);
    this.mixHash(sealed);
    return plaintext;
  }

  /** Bytes that sealing adds now: 0 before the first MixKey, then 16. */
  get tagSize(): number {
    return this.#cipher.hasKey() ? SIZES.aeadTag : 0;
  }

  /** The transcript hash h, 32 bytes (copied). */
  get handshakeHash(): Uint8Array {
    return new Uint8Array(this.#hash);
  }

  /** One more secret beside Split's: HKDF-Expand(PRK = ck, `info`, 32) (RFC 5869 §2.3; docs/protocols/handshake.md §3.4). */
  exportSecret(info: Uint8Array): Uint8Array {
    return hkdfExpand(this.#crypto, this.#chainingKey, info, SIZES.hash);
  }

  /** Split: the two transport keys. Wipes this state. */
  split(): TransportKeys {
    const [initiatorToResponder, responderToInitiator] = this.#hkdf2(NO_BYTES);
    this.wipe();
    return { initiatorToResponder, responderToInitiator };
  }

  /** Wipes ck and k. */
  wipe(): void {
    wipe(this.#chainingKey);
    this.#cipher.wipe();
  }

  /** HKDF of Noise §4.3 with two outputs. */
  #hkdf2(inputKeyMaterial: Uint8Array): [Uint8Array, Uint8Array] {
    const temporaryKey = this.#crypto.hmacSha256(this.#chainingKey, inputKeyMaterial);
    const first = this.#crypto.hmacSha256(temporaryKey, Uint8Array.of(1));
    const secondInput = concat(first, Uint8Array.of(2));
    const second = this.#crypto.hmacSha256(temporaryKey, secondInput);
    wipe(temporaryKey, secondInput);
    return [first, second];
  }
}
