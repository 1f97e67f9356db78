/** Keys of rows, and their form as bytes that sort the way the keys do. */
import { ByteWriter, utf8Encode } from '@sealane/shared/bytes';

/** A number is a safe integer. */
export type KeyPart = string | number | Uint8Array;
/**
 * The key of a row. A number sorts before a text, a text before bytes; texts sort by code point; a key sorts before one
 * that it begins.
 */
export type Key = readonly KeyPart[];

const NUMBER_TAG = 0x10;
const TEXT_TAG = 0x20;
const BYTES_TAG = 0x30;
/** Stands above every tag: the end of a range of keys with one beginning. */
const ABOVE_TAGS = 0xff;
/** A zero byte within a part is followed by this; the zero at the end of a part by another zero. */
const ESCAPED = 0xff;
/** Shifts safe integers, negative ones too, into the unsigned range. */
const NUMBER_SHIFT = 2n ** 53n;

/** The bytes of a key, in the order of keys. @throws RangeError for a number that is not a safe integer. */
export function encodeKey(key: Key): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  for (const part of key) writePart(writer, part);
  return Uint8Array.from(writer.written());
}

/** The first bytes above every key that begins with `prefix`. */
export function encodePrefixEnd(prefix: Key): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(...encodeKey(prefix), ABOVE_TAGS);
}

/** Which of two encoded keys comes first: below 0 for the left one. */
export function compareKeys(left: Uint8Array, right: Uint8Array): number {
  const size = Math.min(left.length, right.length);
  for (let index = 0; index < size; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function writePart(writer: ByteWriter, part: KeyPart): void {
  if (typeof part === 'number') writeNumber(writer, part);
  else if (typeof part === 'string') writeEscaped(writer.u8(TEXT_TAG), utf8Encode(part));
  else writeEscaped(writer.u8(BYTES_TAG), part);
}

function writeNumber(writer: ByteWriter, value: number): void {
  if (!Number.isSafeInteger(value)) throw new RangeError('a number in a key must be a safe integer');
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value) + NUMBER_SHIFT);
  writer.u8(NUMBER_TAG).bytes(bytes);
}

function writeEscaped(writer: ByteWriter, bytes: Uint8Array): void {
  let from = 0;
  for (let zero = bytes.indexOf(0); zero !== -1; zero = bytes.indexOf(0, from)) {
    writer.bytes(bytes.subarray(from, zero + 1)).u8(ESCAPED);
    from = zero + 1;
  }
  writer.bytes(bytes.subarray(from)).u8(0).u8(0);
}
