/** InputMutator: the changes by which inputs for decoders are made. */
import { concat, utf8Encode } from '../bytes/index.ts';
import { seededRandom } from './seeded-random.ts';

/** Longest input that is made, in bytes. */
export const INPUT_BYTES_MAX = 16_384;

/** Changes to one input, at most. */
const CHANGES_MAX = 6;
const NOISE_BYTES_MAX = 32;
const REPEATS_MAX = 64;

/** What decoders of texts and of JSON trip over. */
const WORDS = [
  ...['"', '{', '}', '[', ']', ',', ':', '\\', '\n', '\r\n', '\0', ' ', '.', '..', '/', '*', '>', '#', '=', '-', '%'],
  ...['null', 'true', '[]', '{}', '-0', '1e999', '-1', '0.5', '9007199254740993', '4294967296', '1e-7', '00'],
  ...['"__proto__"', '"constructor"', 'toString', '\\u0000', '\\ud800', '\u2028', '\ufeff', 'é', '\u{1f980}'],
  ...['ms', 'KiB', 'Infinity', 'NaN', 'SHA256:', 'agent:', 'topic:', '--', '{"a":'.repeat(40), '['.repeat(200)],
].map(utf8Encode);

/** Numbers where widths and signs change. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** Makes inputs for decoders out of other inputs. The same seed makes the same ones. */
export class InputMutator {
  readonly #random: (size: number) => Uint8Array;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** A whole number below `limit`; 0 for a limit of 0. */
  below(limit: number): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#random(4);
    return limit === 0 ? 0 : (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) % limit;
  }

  /** An input made of one of these by some changes. */
  mutant(pool: readonly Uint8Array[]): Uint8Array {
    let input = this.#one(pool);
    for (let left = 1 + this.below(CHANGES_MAX); left > 0; left--) input = this.#change(input, pool);
    return input.slice(0, INPUT_BYTES_MAX);
  }

  #one(pool: readonly Uint8Array[]): Uint8Array {
    return pool[this.below(pool.length)] ?? new Uint8Array(0);
  }

  #change(input: Uint8Array, pool: readonly Uint8Array[]): Uint8Array {
    const at = this.below(input.length + 1);
    const to = Math.min(input.length, at + 1 + this.below(this.below(3) === 0 ? input.length : 8));
    switch (this.below(12)) {
      case 0:
        return withByte(input, at, (byte) => byte ^ (1 << this.below(8)));
      case 1:
        return withByte(input, at, () => this.below(256));
      case 2:
        return withByte(input, at, (byte) => byte + (this.below(2) === 0 ? 1 : 255));
      case 3:
        return spliced(input, at, at, this.#random(1 + this.below(NOISE_BYTES_MAX)));
      case 4:
        return spliced(input, at, to, new Uint8Array(0));
      case 5:
        return input.slice(0, at);
      case 6:
        return spliced(input, at, at, repeated(input.subarray(at, to), 1 + this.below(REPEATS_MAX)));
      case 7:
      case 8:
        return this.#withEdge(input, at);
      case 9:
        return spliced(input, at, this.below(2) === 0 ? at : to, WORDS[this.below(WORDS.length)] ?? input);
      case 10: {
        const other = this.#one(pool);
        return concat(input.subarray(0, at), other.subarray(this.below(other.length + 1)));
      }
      default: {
        const other = this.#one(pool);
        const start = this.below(other.length + 1);
        return spliced(input, at, to, other.subarray(start, start + (to - at)));
      }
    }
  }

  /** A number of 1, 2, 4 or 8 bytes at an edge in place of what stood there. */
  #withEdge(input: Uint8Array, at: number): Uint8Array {
    const size = 1 << this.below(4);
    const bytes = new Uint8Array(8);
    const edge = (EDGES[this.below(EDGES.length)] ?? 0) - this.below(2);
    const view = new DataView(bytes.buffer);
    if (size === 8) view.setFloat64(0, this.#double(edge));
    else view.setUint32(4, edge >>> 0);
    return spliced(input, at, Math.min(input.length, at + size), bytes.subarray(8 - size));
  }

  #double(edge: number): number {
    const doubles = [edge, -edge, edge * 0x1_0000_0000, 2 ** 53, -(2 ** 53), Number.NaN, Number.POSITIVE_INFINITY, 0.5];
    return doubles[this.below(doubles.length)] ?? 0;
  }
}

function withByte(input: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  const changed = input.slice();
  const byte = changed[at];
  if (byte !== undefined) changed[at] = change(byte);
  return changed;
}

function spliced(input: Uint8Array, from: number, to: number, piece: Uint8Array): Uint8Array {
  return concat(input.subarray(0, from), piece, input.subarray(to));
}

function repeated(piece: Uint8Array, times: number): Uint8Array {
  return concat(...Array.from({ length: times }, () => piece));
}
