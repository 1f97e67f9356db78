/**
 * FrameFaults: frames of a stream that are left out, come twice, or after the next one. It reads the lengths before the
 * frames (docs/protocols/records.md §1) and nothing else; a stream of something else is passed on as it is, unless told
 * otherwise.
 */
import type { LaneFaults } from './fault-spec.ts';

const LENGTH_BYTES = 4;

export class FrameFaults {
  #faults: LaneFaults;
  /** Frame that counts as 0. */
  #firstFrame = 0;
  readonly #lengthBytes = new Uint8Array(LENGTH_BYTES);
  /** Of the present frame: bytes that were seen, and bytes it has; known once its length was read. */
  #seen = 0;
  #size = LENGTH_BYTES;
  /** What was seen of a frame that comes again, or later. */
  #kept: Uint8Array[] = [];
  #frames = 0;

  constructor(faults: LaneFaults) {
    this.#faults = faults;
  }

  /** Whole frames so far. */
  get frames(): number {
    return this.#frames;
  }

  /** From now on it does what `faults` say, counting from the next frame that begins. */
  renew(faults: LaneFaults): void {
    this.#faults = faults;
    this.#firstFrame = this.#frames + (this.#seen > 0 ? 1 : 0);
    this.#kept = [];
  }

  /** @param chunk borrowed until what is returned is used up. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    const out: Uint8Array[] = [];
    for (let offset = 0; offset < chunk.length;) {
      const isLength = this.#seen < LENGTH_BYTES;
      const end = Math.min(chunk.length, offset + (isLength ? LENGTH_BYTES : this.#size) - this.#seen);
      const piece = chunk.subarray(offset, end);
      if (isLength) this.#lengthBytes.set(piece, this.#seen);
      this.#seen += piece.length;
      offset = end;
      this.#pass(piece, out);
      if (isLength && this.#seen === LENGTH_BYTES)
        this.#size = LENGTH_BYTES + new DataView(this.#lengthBytes.buffer).getUint32(0);
      if (this.#seen >= LENGTH_BYTES && this.#seen === this.#size) this.#endFrame(out);
    }
    return out;
  }

  #pass(piece: Uint8Array, out: Uint8Array[]): void {
    const { dropFrame, replayFrame, swapFrame } = this.#faults;
    const frame = this.#frames - this.#firstFrame;
    if (frame === swapFrame || frame === replayFrame) this.#kept.push(new Uint8Array(piece));
    if (frame !== dropFrame && frame !== swapFrame) out.push(piece);
  }

  #endFrame(out: Uint8Array[]): void {
    const { replayFrame, swapFrame } = this.#faults;
    const frame = this.#frames - this.#firstFrame;
    if (frame === replayFrame || frame - 1 === swapFrame) out.push(...this.#kept.splice(0));
    this.#frames += 1;
    this.#seen = 0;
    this.#size = LENGTH_BYTES;
  }
}
