/**
 * Stream bytes that were received and not read. Small pieces are joined, so that a window filled one byte at a time
 * costs no more memory than one filled at once.
 */

/** Pieces shorter than this are copied together. */
const JOIN_BELOW_BYTES = 4_096;

/** Room taken at once for joined pieces. */
const JOINED_BYTES = 16_384;

export class ReceiveQueue {
  #pieces: Uint8Array[] = [];
  #joined: Uint8Array | undefined;
  #joinedLength = 0;
  #bytes = 0;

  add(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (bytes.length >= JOIN_BELOW_BYTES) {
      this.#closeJoined();
      this.#pieces.push(bytes);
      return;
    }
    if (this.#joined !== undefined && this.#joinedLength + bytes.length > this.#joined.length) this.#closeJoined();
    if (this.#joined === undefined && this.#pieces.length === 0) {
      this.#pieces.push(bytes);
      return;
    }
    this.#joined ??= new Uint8Array(JOINED_BYTES);
    this.#joined.set(bytes, this.#joinedLength);
    this.#joinedLength += bytes.length;
  }

  /** The next piece, or undefined when there is none. */
  take(): Uint8Array | undefined {
    if (this.#pieces.length === 0) this.#closeJoined();
    const piece = this.#pieces.shift();
    if (piece !== undefined) this.#bytes -= piece.length;
    return piece;
  }

  /** Drops everything. @returns how many bytes that were. */
  clear(): number {
    const bytes = this.#bytes;
    this.#pieces = [];
    this.#joined = undefined;
    this.#joinedLength = 0;
    this.#bytes = 0;
    return bytes;
  }

  #closeJoined(): void {
    if (this.#joined === undefined) return;
    this.#pieces.push(this.#joined.subarray(0, this.#joinedLength));
    this.#joined = undefined;
    this.#joinedLength = 0;
  }
}
