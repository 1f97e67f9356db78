/** AttachmentOpener: sealed bytes in, bytes of the file out (docs/protocols/messaging-formats.md §4). */
import { SIZES, type Crypto } from '@sealane/shared/crypto';
import { ProtocolError } from '@sealane/shared/errors';
import {
  CHUNK_BYTES,
  ChunkCipher,
  SEALED_CHUNK_BYTES,
  type AttachmentKey,
  type AttachmentPlace,
} from './chunk-cipher.ts';

/**
 * Opens a sealed file as it arrives. No byte comes out before its chunk is authentic, and the end is one only behind
 * the last chunk.
 */
export class AttachmentOpener {
  readonly #cipher: ChunkCipher;
  readonly #size: number;
  /** The sealed chunk that is not whole yet. */
  readonly #waiting = new Uint8Array(SEALED_CHUNK_BYTES);
  #filled = 0;
  #index: number;
  #isBroken = false;

  /**
   * @param fromChunk the chunk to begin with, where a download goes on: the first byte pushed is that at
   *   `fromChunk` · 65,552 of the blob, the first that comes out that at `fromChunk` · 65,536 of the file.
   * @throws RangeError for a field of another size, or a chunk that is not there.
   */
  constructor(
    crypto: Crypto,
    key: AttachmentKey,
    { fromChunk = 0, ...place }: AttachmentPlace & { fromChunk?: number },
  ) {
    this.#cipher = new ChunkCipher(crypto, key, place);
    if (!Number.isInteger(fromChunk) || fromChunk < 0 || fromChunk > this.#cipher.chunks) {
      throw new RangeError(`"fromChunk" expected an integer up to ${this.#cipher.chunks}, got ${fromChunk}`);
    }
    this.#size = place.size;
    this.#index = fromChunk;
  }

  /** Chunks that were opened: where a download goes on. */
  get chunk(): number {
    return this.#index;
  }

  /**
   * Takes the next bytes of the blob, of any size.
   *
   * @returns the bytes of the file that are authentic now, in order.
   * @throws ProtocolError `E_UNDECRYPTABLE` for a chunk that is not authentic at its place, and for bytes behind the last;
   *   everything given out before is authentic. Later calls throw the same.
   */
  push(bytes: Uint8Array): Uint8Array[] {
    if (this.#isBroken) throw broken();
    const opened: Uint8Array[] = [];
    for (let offset = 0; offset < bytes.length;) {
      if (this.#index >= this.#cipher.chunks) return this.#break(opened);
      const sealedBytes = this.#cipher.sizeOf(this.#index) + SIZES.aeadTag;
      const part = bytes.subarray(offset, offset + sealedBytes - this.#filled);
      offset += part.length;
      const sealed = this.#collect(part, sealedBytes);
      if (sealed === undefined) break;
      const plaintext = this.#cipher.open(this.#index, sealed);
      if (plaintext === undefined) return this.#break(opened);
      // What is behind the size is padding.
      const file = plaintext.subarray(0, Math.max(0, this.#size - this.#index * CHUNK_BYTES));
      this.#index++;
      if (file.length > 0) opened.push(file);
    }
    return opened;
  }

  /** Ends the blob. @throws ProtocolError `E_UNDECRYPTABLE` where it ends before its last chunk. */
  end(): void {
    if (this.#isBroken || this.#index < this.#cipher.chunks || this.#filled > 0) {
      this.#isBroken = true;
      throw broken();
    }
  }

  /** What was authentic before is given out; the next call says that it goes no further. */
  #break(opened: Uint8Array[]): Uint8Array[] {
    this.#isBroken = true;
    if (opened.length === 0) throw broken();
    return opened;
  }

  /** A whole sealed chunk: the part itself where it is one, else what was collected with it. */
  #collect(part: Uint8Array, sealedBytes: number): Uint8Array | undefined {
    if (part.length === sealedBytes) return part;
    this.#waiting.set(part, this.#filled);
    this.#filled += part.length;
    if (this.#filled < sealedBytes) return undefined;
    this.#filled = 0;
    return this.#waiting.subarray(0, sealedBytes);
  }
}

function broken(): ProtocolError {
  return new ProtocolError('E_UNDECRYPTABLE', 'the attachment was changed, cut off or belongs to another message');
}
