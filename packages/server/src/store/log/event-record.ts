/**
 * Event record: what an event is, as it lies in the log; written once however many queues it reaches.
 *
 *   checksum u32 of what follows up to `to` · content hash u32 · format u8 · published at f64 · id · from
 *   · to · content type · body
 *
 * The content hash covers `to`, content type and body: it is what tells a repetition from a conflict, and the second
 * half of the checksum. Both are CRC-32 (RFC 1952 §8): they find damage, not forgery.
 */
import { crc32 } from 'node:zlib';
import type { NewEvent } from '../store.ts';
import { RecordReader } from './record-reader.ts';
import type { RecordWriter } from './record-writer.ts';

/** Format of records that this version writes. */
export const RECORD_FORMAT = 1;

/** What a record holds. */
export interface StoredEvent {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly contentType: string | null;
  readonly publishedAt: number;
  readonly body: Uint8Array;
}

const CHECKSUM_BYTES = 4;
const HASH_OFFSET = 4;

/** Appends the record of an event. @returns its content hash. */
export function writeEventRecord(writer: RecordWriter, event: NewEvent): number {
  const start = writer.length;
  writer.u32(0);
  writer.u32(0);
  writer.u8(RECORD_FORMAT);
  writer.f64(event.publishedAt);
  writer.text(event.id);
  writer.text(event.from);
  const contentStart = writer.length;
  writer.text(event.to);
  writer.u8(event.contentType === null ? 0 : 1);
  if (event.contentType !== null) writer.text(event.contentType);
  writer.bytes(event.body);
  const { buffer } = writer;
  const contentHash = crc32(buffer.subarray(contentStart, writer.length));
  writeU32(buffer, start + HASH_OFFSET, contentHash);
  writeU32(buffer, start, crc32(buffer.subarray(start + CHECKSUM_BYTES, contentStart)));
  return contentHash;
}

/** @returns the event, or undefined where the record is damaged. Its body is a view. */
export function readEventRecord(record: Uint8Array): StoredEvent | undefined {
  try {
    return readChecked(record);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readChecked(record: Uint8Array): StoredEvent | undefined {
  const reader = new RecordReader(record);
  const headerChecksum = reader.u32();
  const contentHash = reader.u32();
  if (reader.u8() !== RECORD_FORMAT) return undefined;
  const publishedAt = reader.f64();
  const id = reader.text();
  const from = reader.text();
  const contentStart = reader.offset;
  if (crc32(record.subarray(CHECKSUM_BYTES, contentStart)) !== headerChecksum) return undefined;
  if (crc32(record.subarray(contentStart)) !== contentHash) return undefined;
  const to = reader.text();
  const contentType = reader.u8() === 0 ? null : reader.text();
  return { id, from, to, contentType, publishedAt, body: reader.bytes(record.length - reader.offset) };
}

function writeU32(buffer: Uint8Array, offset: number, value: number): void {
  buffer[offset] = value >>> 24;
  buffer[offset + 1] = value >>> 16;
  buffer[offset + 2] = value >>> 8;
  buffer[offset + 3] = value;
}
