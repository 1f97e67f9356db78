/**
 * One attachment under AES-256-GCM in the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): chunks of 64 KiB,
 * each sealed by itself, bound to its place and to being the last or not, so that none can be cut off, moved, repeated or added.
 *
 *     nonce = prefix (7 random bytes) ‖ number of the chunk (u32) ‖ 0x01 for the last, else 0x00
 *     associated data = "sealane attachment 1" ‖ 0x00 ‖ group id (16) ‖ message id (16)
 *
 * The plaintext is the file and zeros up to the padded size; the true size travels in the message.
 */
import { concat, utf8Encode } from '@sealane/shared/bytes';
import { SIZES, expectSize, type Crypto, type Random } from '@sealane/shared/crypto';
import { ATTACHMENT_BYTES_MAX, ID_BYTES, paddedSize } from '../content/index.ts';

/** Bytes of the plaintext of each chunk but the last, which may have fewer. */
export const CHUNK_BYTES = 65_536;
/** Bytes of a sealed chunk but the last. */
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + SIZES.aeadTag;
/** Bytes of the random part of a nonce. */
export const NONCE_PREFIX_BYTES = 7;

const DOMAIN = concat(utf8Encode('sealane attachment 1'), Uint8Array.of(0));

/** What opens an attachment; it travels inside the message. */
export interface AttachmentKey {
  /** AES-256 key of this one attachment, 32 bytes. */
  readonly key: Uint8Array;
  /** 7 bytes. */
  readonly noncePrefix: Uint8Array;
}

/** Which attachment it is. */
export interface AttachmentPlace {
  /** 16 bytes. */
  readonly group: Uint8Array;
  /** Id of the message that carries the key, 16 bytes. */
  readonly message: Uint8Array;
  /** Bytes of the file. */
  readonly size: number;
}

/** A fresh key. One key seals one attachment, ever. */
export function newAttachmentKey(random: Random): AttachmentKey {
  return { key: random(SIZES.aeadKey), noncePrefix: random(NONCE_PREFIX_BYTES) };
}

/** Bytes of the sealed blob of a file. @throws RangeError for what is no size of an attachment. */
export function sealedSizeOf(size: number): number {
  const layout = layoutOf(size);
  return layout.paddedSize + layout.chunks * SIZES.aeadTag;
}

/** Chunks and padded size of a file. An empty file has one chunk too. */
export function layoutOf(size: number): { readonly paddedSize: number; readonly chunks: number } {
  if (!Number.isInteger(size) || size < 0 || size > ATTACHMENT_BYTES_MAX) {
    throw new RangeError(`"size" expected an integer from 0 to ${ATTACHMENT_BYTES_MAX}, got ${size}`);
  }
  const padded = paddedSize(size);
  return { paddedSize: padded, chunks: Math.ceil(padded / CHUNK_BYTES) };
}

/** Seals and opens single chunks. */
export class ChunkCipher {
  readonly chunks: number;
  readonly paddedSize: number;
  readonly #crypto: Crypto;
  readonly #key: Uint8Array;
  readonly #nonce: Uint8Array;
  readonly #associatedData: Uint8Array;

  /** @throws RangeError for a field of another size. */
  constructor(crypto: Crypto, { key, noncePrefix }: AttachmentKey, { group, message, size }: AttachmentPlace) {
    expectSize('key', key, SIZES.aeadKey);
    expectSize('noncePrefix', noncePrefix, NONCE_PREFIX_BYTES);
    expectSize('group', group, ID_BYTES);
    expectSize('message', message, ID_BYTES);
    this.#crypto = crypto;
    this.#key = key;
    this.#nonce = new Uint8Array(SIZES.aeadNonce);
    this.#nonce.set(noncePrefix);
    this.#associatedData = concat(DOMAIN, group, message);
    ({ paddedSize: this.paddedSize, chunks: this.chunks } = layoutOf(size));
  }

  /** Bytes of the plaintext of a chunk. */
  sizeOf(index: number): number {
    return index < this.chunks - 1 ? CHUNK_BYTES : this.paddedSize - (this.chunks - 1) * CHUNK_BYTES;
  }

  seal(index: number, plaintext: Uint8Array): Uint8Array {
    return this.#crypto.aeadSeal(this.#key, this.#nonceOf(index), this.#associatedData, plaintext);
  }

  /** @returns the plaintext, or undefined where the chunk is not authentic at this place. */
  open(index: number, sealed: Uint8Array): Uint8Array | undefined {
    return this.#crypto.aeadOpen(this.#key, this.#nonceOf(index), this.#associatedData, sealed);
  }

  #nonceOf(index: number): Uint8Array {
    const nonce = this.#nonce;
    new DataView(nonce.buffer).setUint32(NONCE_PREFIX_BYTES, index);
    nonce[nonce.length - 1] = index === this.chunks - 1 ? 0x01 : 0x00;
    return nonce;
  }
}
