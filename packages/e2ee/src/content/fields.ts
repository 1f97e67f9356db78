/** The fields of which bodies consist: a text or bytes with their size (u16) in front, lists with their count (u16). */
import { utf8Decode, utf8Encode, type ByteWriter } from '@sealane/shared/bytes';
import { expectSize } from '@sealane/shared/crypto';
import type { ByteReader } from '@sealane/shared/documents';

/** Bounds of a text in bytes. */
export interface TextBounds {
  readonly min?: number;
  readonly max: number;
}

/** @throws RangeError past the bounds, and for half a character. */
export function writeText(writer: ByteWriter, name: string, text: string, bounds: TextBounds): void {
  if (!text.isWellFormed()) throw new RangeError(`"${name}" holds half a character`);
  writeBytes(writer, name, utf8Encode(text), bounds);
}

export function readText(reader: ByteReader, bounds: TextBounds): string | undefined {
  const bytes = readBytes(reader, bounds);
  return bytes === undefined ? undefined : utf8Decode(bytes);
}

/** @throws RangeError past the bounds. */
export function writeBytes(writer: ByteWriter, name: string, bytes: Uint8Array, { min = 0, max }: TextBounds): void {
  const size = bytes.length;
  if (size < min || size > max) throw new RangeError(`"${name}" expected ${min} to ${max} bytes, got ${size}`);
  writer.u16(size).bytes(bytes);
}

export function readBytes(reader: ByteReader, { min = 0, max }: TextBounds): Uint8Array | undefined {
  const size = reader.u16();
  return size === undefined || size < min || size > max ? undefined : reader.bytes(size);
}

/** @throws RangeError for another size. */
export function writeFixed(writer: ByteWriter, name: string, bytes: Uint8Array, size: number): void {
  expectSize(name, bytes, size);
  writer.bytes(bytes);
}

/** @throws RangeError for what is not an integer from 0 to `max`, at most 2^53 − 1. */
export function writeUint(writer: ByteWriter, name: string, value: number, max = Number.MAX_SAFE_INTEGER): void {
  if (!Number.isSafeInteger(value) || value < 0 || value > max) {
    throw new RangeError(`"${name}" expected an integer from 0 to ${max}, got ${value}`);
  }
  writer.u32(Math.floor(value / 0x1_0000_0000)).u32(value % 0x1_0000_0000);
}

export function writeFlag(writer: ByteWriter, value: boolean): void {
  writer.u8(value ? 1 : 0);
}

export function readFlag(reader: ByteReader): boolean | undefined {
  const value = reader.u8();
  return value === 0 || value === 1 ? value === 1 : undefined;
}

/** Writes a count and the items. @throws RangeError past the bounds. */
export function writeList<T>(
  writer: ByteWriter,
  { name, items, max }: { readonly name: string; readonly items: readonly T[]; readonly max: number },
  write: (item: T) => void,
): void {
  if (items.length === 0 || items.length > max) throw new RangeError(`"${name}" expected 1 to ${max} items`);
  writer.u16(items.length);
  for (const item of items) write(item);
}

export function readList<T>(reader: ByteReader, max: number, read: () => T | undefined): readonly T[] | undefined {
  const count = reader.u16();
  if (count === undefined || count === 0 || count > max) return undefined;
  const items: T[] = [];
  for (let index = 0; index < count; index++) {
    const item = read();
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}

/** An object of fields that were read, or undefined where one of them is missing. */
export function whole<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): T | undefined {
  return Object.values(fields).includes(undefined) ? undefined : (fields as T);
}
