/** ByteFaults: bytes of a stream that are turned, come twice, or end it. It counts bytes, and knows nothing of frames. */
import type { Dice } from '@sealane/shared/testing';
import type { LaneFaults } from './fault-spec.ts';

/** About what one packet of TCP holds. */
const DUPLICATE_BYTES_MAX = 1_460;
const BITS_IN_BYTE = 8;

/** How a direction ends before its time: for both with a reset, alone, or without a word. */
export type LaneEnd = 'reset' | 'end' | 'silence';

export class ByteFaults {
  readonly #faults: LaneFaults;
  readonly #bit: number;
  readonly #duplicateEnd: number;
  readonly #ends: readonly (readonly [LaneEnd, number])[];
  #duplicate: Uint8Array[] = [];
  #bytes = 0;
  #end: LaneEnd | undefined;

  constructor(faults: LaneFaults, dice: Dice) {
    this.#faults = faults;
    this.#bit = 1 << dice.whole(0, BITS_IN_BYTE - 1);
    this.#duplicateEnd = (faults.duplicateByte ?? 0) + dice.whole(1, DUPLICATE_BYTES_MAX);
    const { resetByte = Infinity, endByte = Infinity, silenceByte = Infinity } = faults;
    this.#ends = [
      ['reset', resetByte],
      ['end', endByte],
      ['silence', silenceByte],
    ];
  }

  /** Bytes that came in. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How the direction has ended; after that nothing comes out any more. */
  get end(): LaneEnd | undefined {
    return this.#end;
  }

  /** @param chunk borrowed until what is returned is used up. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    if (this.#end !== undefined) return [];
    const from = this.#bytes;
    const [end, endsAt] = this.#ends.reduce((first, other) => (other[1] < first[1] ? other : first));
    const kept = chunk.subarray(0, Math.max(0, endsAt - from));
    if (kept.length < chunk.length) this.#end = end;
    this.#bytes += kept.length;
    return kept.length === 0 ? [] : this.#doubled(this.#corrupted(kept, from), from);
  }

  #corrupted(chunk: Uint8Array, from: number): Uint8Array {
    const index = (this.#faults.corruptByte ?? Infinity) - from;
    const byte = chunk[index];
    if (byte === undefined) return chunk;
    const copy = new Uint8Array(chunk);
    copy[index] = byte ^ this.#bit;
    return copy;
  }

  #doubled(chunk: Uint8Array, from: number): readonly Uint8Array[] {
    const { duplicateByte = Infinity } = this.#faults;
    const end = from + chunk.length;
    if (end <= duplicateByte || from >= this.#duplicateEnd) return [chunk];
    const again = chunk.subarray(Math.max(0, duplicateByte - from), this.#duplicateEnd - from);
    this.#duplicate.push(new Uint8Array(again));
    if (end < this.#duplicateEnd) return [chunk];
    const split = this.#duplicateEnd - from;
    return [chunk.subarray(0, split), ...this.#duplicate.splice(0), chunk.subarray(split)];
  }
}
