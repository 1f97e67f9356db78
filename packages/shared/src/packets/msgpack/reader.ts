/**
 * Reads single msgpack values strictly, for the generated decoders (`docs/packets/README.md`, "Values").
 *
 * Each method takes exactly one type of the field language: no floats, no negative numbers, no maps, no extensions,
 * no byte 0xC1. Integers and lengths may stand in any format that msgpack
 * has for them, because encoders differ there. A length is
 * compared with its limit and with the bytes at hand before anything is made of it. Longer than the limit is
 * `E_TOO_LARGE`, every other fault `E_MALFORMED`.
 */
import { utf8Decode } from '../../bytes/index.ts';
import { ProtocolError } from '../../errors/index.ts';
import { skipValues } from './skip.ts';
import { TextCache } from './text-cache.ts';

const TWO_TO_32 = 0x1_0000_0000;

/** A place in a byte string, and the end that it may not pass. */
export class MsgpackReader {
  bytes: Uint8Array;
  offset = 0;
  end = 0;
  // What a view needs, looked up once: half of the time of a view goes into these two getters.
  #memory: ArrayBufferLike;
  #memoryOffset: number;
  readonly #texts = new TextCache();

  /** Starts at the first of `bytes` (borrowed); the end is the last one until `end` is set. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.end = bytes.length;
    this.#memory = bytes.buffer;
    this.#memoryOffset = bytes.byteOffset;
  }

  /** Goes on with other bytes (borrowed), as a new reader would. */
  reset(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.offset = 0;
    this.end = bytes.length;
    this.#memory = bytes.buffer;
    this.#memoryOffset = bytes.byteOffset;
  }

  /**
   * Reads the header of a packet's array.
   *
   * @param required how many elements it must have at least.
   * @returns how many it has.
   */
  fields(required: number): number {
    const count = this.#arrayHeader();
    if (count < required) malformed('too few fields');
    return count;
  }

  /** Reads the header of a list of at most `maxCount` elements. */
  list(maxCount: number): number {
    const count = this.#arrayHeader();
    if (count > maxCount) tooLarge('list too long');
    return count;
  }

  /** Whether the next value is nil; where it is, it is read. */
  nil(): boolean {
    if (this.offset >= this.end || this.bytes[this.offset] !== 0xc0) return false;
    this.offset++;
    return true;
  }

  bool(): boolean {
    const tag = this.#u8();
    if (tag !== 0xc2 && tag !== 0xc3) malformed('expected bool');
    return tag === 0xc3;
  }

  uint(min: number, max: number): number {
    const tag = this.#u8();
    const value = tag < 0x80 ? tag : this.#wideUint(tag);
    if (value < min || value > max) malformed('integer out of range');
    return value;
  }

  /** A view of the bytes read: valid as long as the bytes given to `reset` are left alone. */
  byteString(min: number, max: number): Uint8Array {
    const tag = this.#u8();
    if (tag < 0xc4 || tag > 0xc6) malformed('expected bin');
    const size = tag === 0xc4 ? this.#u8() : tag === 0xc5 ? this.#u16() : this.#u32();
    const start = this.#take(size, min, max);
    return new Uint8Array(this.#memory, this.#memoryOffset + start, size);
  }

  text(min: number, max: number): string {
    const tag = this.#u8();
    let size: number;
    if (tag >= 0xa0 && tag <= 0xbf) size = tag & 0x1f;
    else if (tag === 0xd9) size = this.#u8();
    else if (tag === 0xda) size = this.#u16();
    else if (tag === 0xdb) size = this.#u32();
    else malformed('expected str');
    const start = this.#take(size, min, max);
    return this.#texts.find(this.bytes, start, size) ?? this.#decodeText(start, size);
  }

  /** Ends a packet: skips the `count` elements that this version does not know; nothing may follow the array. */
  finish(count: number): void {
    if (count > 0) this.offset = skipValues(this.bytes, this.offset, this.end, count);
    if (this.offset !== this.end) malformed('bytes after the array');
  }

  #decodeText(start: number, size: number): string {
    const text = utf8Decode(this.bytes.subarray(start, start + size));
    if (text === undefined) malformed('text is not UTF-8');
    this.#texts.keep(text, size);
    return text;
  }

  /** Checks a length and steps over as many bytes. @returns where they start. */
  #take(size: number, min: number, max: number): number {
    if (size > max) tooLarge('field too long');
    if (size < min) malformed('field too short');
    const start = this.offset;
    if (size > this.end - start) malformed('field cut short');
    this.offset = start + size;
    return start;
  }

  #arrayHeader(): number {
    const tag = this.#u8();
    if (tag >= 0x90 && tag <= 0x9f) return tag & 0x0f;
    if (tag === 0xdc) return this.#u16();
    if (tag === 0xdd) return this.#u32();
    return malformed('expected array');
  }

  /** The formats of more than one byte; the signed ones hold what is not negative just as well. */
  #wideUint(tag: number): number {
    switch (tag) {
      case 0xcc:
        return this.#u8();
      case 0xcd:
        return this.#u16();
      case 0xce:
        return this.#u32();
      case 0xcf:
        return this.#u64();
      case 0xd0:
        return notNegative(this.#u8(), 0x80);
      case 0xd1:
        return notNegative(this.#u16(), 0x8000);
      case 0xd2:
        return notNegative(this.#u32(), 0x8000_0000);
      case 0xd3:
        // The limit of 2^53 - 1 refuses every negative one too.
        return this.#u64();
      default:
        return malformed('expected unsigned integer');
    }
  }

  #u8(): number {
    const at = this.offset;
    if (at >= this.end) malformed('packet cut short');
    this.offset = at + 1;
    return this.bytes[at]!;
  }

  #u16(): number {
    const at = this.offset;
    if (this.end - at < 2) malformed('packet cut short');
    this.offset = at + 2;
    return (this.bytes[at]! << 8) | this.bytes[at + 1]!;
  }

  #u32(): number {
    const at = this.offset;
    if (this.end - at < 4) malformed('packet cut short');
    this.offset = at + 4;
    const bytes = this.bytes;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  /** Above 2^53 the result is rounded, but never to 2^53 - 1 or less: the limits of the fields refuse it. */
  #u64(): number {
    return this.#u32() * TWO_TO_32 + this.#u32();
  }
}

/** @param signBit the value of the highest bit of the format that was read. */
function notNegative(value: number, signBit: number): number {
  return value < signBit ? value : malformed('integer below zero');
}

function malformed(message: string): never {
  throw new ProtocolError('E_MALFORMED', message);
}

function tooLarge(message: string): never {
  throw new ProtocolError('E_TOO_LARGE', message);
}
