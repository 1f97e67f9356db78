/**
 * Writes single msgpack values in their smallest form (msgpack spec, "Formats") for the generated encoders.
 *
 * Every `put` takes the offset to write at and returns the offset after it; whoever calls has checked the value and
 * made room. The checks throw RangeError or TypeError: wrong values to send are mistakes of the caller.
 */
import { utf8Encode } from '../../bytes/index.ts';

/** Bytes that the largest header of any value takes. */
export const VALUE_HEADER_BYTES_MAX = 5;
/** Bytes that the largest integer takes. */
export const UINT_BYTES_MAX = 9;
/** Bytes of UTF-8 that one UTF-16 unit can become. */
export const UTF8_BYTES_PER_UNIT_MAX = 3;

const TWO_TO_32 = 0x1_0000_0000;

/** @throws RangeError unless `value` is an integer from `min` to `max`. */
export function checkUint(value: number, min: number, max: number, name: string): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`"${name}" expected integer from ${min} to ${max}, got ${value}`);
  }
}

/** @throws RangeError unless `length` (bytes of a byte string, elements of a list) is from `min` to `max`. */
export function checkLength(length: number, min: number, max: number, name: string): void {
  if (!(length >= min && length <= max)) {
    throw new RangeError(`"${name}" expected length from ${min} to ${max}, got length=${length}`);
  }
}

/** Writes an integer that `checkUint` accepted. */
export function putUint(buffer: Uint8Array, offset: number, value: number): number {
  if (value < 0x80) {
    buffer[offset] = value;
    return offset + 1;
  }
  if (value < 0x100) {
    buffer[offset] = 0xcc;
    buffer[offset + 1] = value;
    return offset + 2;
  }
  if (value < 0x1_0000) {
    buffer[offset] = 0xcd;
    return putBigEndian16(buffer, offset + 1, value);
  }
  if (value < TWO_TO_32) {
    buffer[offset] = 0xce;
    return putBigEndian32(buffer, offset + 1, value);
  }
  buffer[offset] = 0xcf;
  const high = Math.floor(value / TWO_TO_32);
  return putBigEndian32(buffer, putBigEndian32(buffer, offset + 1, high), value - high * TWO_TO_32);
}

/** Writes true or false. */
export function putBool(buffer: Uint8Array, offset: number, value: boolean): number {
  buffer[offset] = value ? 0xc3 : 0xc2;
  return offset + 1;
}

/** Writes nil. */
export function putNil(buffer: Uint8Array, offset: number): number {
  buffer[offset] = 0xc0;
  return offset + 1;
}

/** Writes the header of an array of `count` < 65,536 elements: no packet and no list has more. */
export function putArrayHeader(buffer: Uint8Array, offset: number, count: number): number {
  if (count < 0x10) {
    buffer[offset] = 0x90 | count;
    return offset + 1;
  }
  buffer[offset] = 0xdc;
  return putBigEndian16(buffer, offset + 1, count);
}

/** The most bytes that a list of byte strings can take. */
export function listBytes(list: readonly Uint8Array[]): number {
  let size = VALUE_HEADER_BYTES_MAX;
  for (const element of list) size += VALUE_HEADER_BYTES_MAX + element.length;
  return size;
}

/** Writes a byte string (copied). */
export function putBytes(buffer: Uint8Array, offset: number, value: Uint8Array): number {
  const size = value.length;
  let at = offset;
  if (size < 0x100) {
    buffer[at] = 0xc4;
    buffer[at + 1] = size;
    at += 2;
  } else if (size < 0x1_0000) {
    buffer[at] = 0xc5;
    at = putBigEndian16(buffer, at + 1, size);
  } else {
    buffer[at] = 0xc6;
    at = putBigEndian32(buffer, at + 1, size);
  }
  buffer.set(value, at);
  return at + size;
}

/**
 * Writes a text whose UTF-16 length `checkLength` accepted, in at most `max` bytes of UTF-8.
 *
 * @throws RangeError where it has more bytes, TypeError where it holds a lone surrogate.
 */
export function putText(buffer: Uint8Array, offset: number, value: string, max: number, name: string): number {
  const size = value.length;
  const start = offset + textHeaderSize(size);
  for (let index = 0; index < size; index++) {
    const unit = value.charCodeAt(index);
    if (unit >= 0x80) return putWideText(buffer, offset, value, max, name);
    buffer[start + index] = unit;
  }
  putTextHeader(buffer, offset, size);
  return start + size;
}

function putWideText(buffer: Uint8Array, offset: number, value: string, max: number, name: string): number {
  if (!value.isWellFormed()) throw new TypeError(`"${name}" expected well-formed Unicode, got a lone surrogate`);
  const utf8 = utf8Encode(value);
  checkLength(utf8.length, 0, max, name);
  const start = putTextHeader(buffer, offset, utf8.length);
  buffer.set(utf8, start);
  return start + utf8.length;
}

function textHeaderSize(size: number): number {
  if (size < 0x20) return 1;
  return size < 0x100 ? 2 : 3;
}

/** No text of the protocol reaches 64 KiB, so that the 32-bit form is never needed. */
function putTextHeader(buffer: Uint8Array, offset: number, size: number): number {
  if (size < 0x20) {
    buffer[offset] = 0xa0 | size;
    return offset + 1;
  }
  if (size < 0x100) {
    buffer[offset] = 0xd9;
    buffer[offset + 1] = size;
    return offset + 2;
  }
  buffer[offset] = 0xda;
  return putBigEndian16(buffer, offset + 1, size);
}

function putBigEndian16(buffer: Uint8Array, offset: number, value: number): number {
  buffer[offset] = value >>> 8;
  buffer[offset + 1] = value & 0xff;
  return offset + 2;
}

function putBigEndian32(buffer: Uint8Array, offset: number, value: number): number {
  buffer[offset] = value >>> 24;
  buffer[offset + 1] = (value >>> 16) & 0xff;
  buffer[offset + 2] = (value >>> 8) & 0xff;
  buffer[offset + 3] = value & 0xff;
  return offset + 4;
}
