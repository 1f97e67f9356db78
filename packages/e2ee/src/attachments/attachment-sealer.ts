/** AttachmentSealer: bytes of a file in, sealed chunks out (docs/protocols/messaging-formats.md §4). */
import type { Crypto } from '@sealane/shared/crypto';
import { CHUNK_BYTES, ChunkCipher, type AttachmentKey, type AttachmentPlace } from './chunk-cipher.ts';

/** Seals a file as it is read. The same file, key and place give the same bytes every time. */
export class AttachmentSealer {
  readonly #cipher: ChunkCipher;
  readonly #size: number;
  #chunk: Uint8Array;
  /** Bytes in the chunk that is being filled. */
  #filled = 0;
  /** Bytes of the file that were taken, those before `fromChunk` included. */
  #taken: number;
  #index: number;
  #isEnded = false;

  /**
   * @param fromChunk the chunk to begin with, where an upload goes on: the first byte pushed is that at `fromChunk` · 65,536 of the file.
   * @throws RangeError for a field of another size, or a chunk that is not there.
   */
  constructor(
    crypto: Crypto,
    key: AttachmentKey,
    { fromChunk = 0, ...place }: AttachmentPlace & { fromChunk?: number },
  ) {
    this.#cipher = new ChunkCipher(crypto, key, place);
    if (!Number.isInteger(fromChunk) || fromChunk < 0 || fromChunk >= this.#cipher.chunks) {
      throw new RangeError(`"fromChunk" expected an integer below ${this.#cipher.chunks}, got ${fromChunk}`);
    }
    this.#size = place.size;
    this.#index = fromChunk;
    // Padding may fill whole chunks behind the end of the file.
    this.#taken = Math.min(fromChunk * CHUNK_BYTES, place.size);
    this.#chunk = new Uint8Array(this.#cipher.sizeOf(fromChunk));
  }

  /** Takes the next bytes of the file, of any size. @returns the chunks that they fill. @throws RangeError past the size. */
  push(bytes: Uint8Array): Uint8Array[] {
    if (this.#isEnded) throw new TypeError('this attachment has ended');
    this.#taken += bytes.length;
    if (this.#taken > this.#size) throw new RangeError(`the file has more than the ${this.#size} bytes it was to have`);
    const sealed: Uint8Array[] = [];
    for (let offset = 0; offset < bytes.length;) {
      const part = bytes.subarray(offset, offset + this.#chunk.length - this.#filled);
      offset += part.length;
      this.#chunk.set(part, this.#filled);
      this.#filled += part.length;
      // The last chunk waits for `end`.
      if (this.#filled === this.#chunk.length && this.#index < this.#cipher.chunks - 1) sealed.push(this.#sealChunk());
    }
    return sealed;
  }

  /** Ends the file. @returns the chunks that are left, padding included. @throws RangeError where bytes are missing. */
  end(): Uint8Array[] {
    if (this.#isEnded) throw new TypeError('this attachment has ended');
    if (this.#taken < this.#size) throw new RangeError(`the file has ${this.#taken} of ${this.#size} bytes`);
    const sealed: Uint8Array[] = [];
    while (this.#index < this.#cipher.chunks) sealed.push(this.#sealChunk());
    this.#isEnded = true;
    return sealed;
  }

  #sealChunk(): Uint8Array {
    this.#chunk.fill(0, this.#filled);
    const sealed = this.#cipher.seal(this.#index, this.#chunk);
    this.#index++;
    this.#filled = 0;
    const size = this.#index < this.#cipher.chunks ? this.#cipher.sizeOf(this.#index) : 0;
    if (this.#chunk.length !== size) this.#chunk = new Uint8Array(size);
    return sealed;
  }
}
