/**
 * How an event lies in Redis: a payload, and a record of 12 bytes about it that the scripts read.
 *
 *     payload  version 0x01 (1) ‖ checksum (4) ‖ publishedAt (8) ‖ expiresAt (8) ‖ content
 *     content  lengths of id, from, to, contentType (2 each; 0xffff for none) ‖ those four ‖ body, where it is not shared
 *     record   payload bytes (4) ‖ body bytes (4) ‖ index in the batch (2) ‖ flags (2; 1: the body is shared)
 *
 * The checksum is the CRC-32 of content, shared body and times, in this order; without the times it is what a repetition is
 * compared by. All numbers big-endian, times IEEE-754 doubles. `expiresAt` is of Redis' clock.
 */
import { crc32 } from 'node:zlib';
import type { NewEvent } from '../store.ts';

const VERSION = 0x01;
const PUBLISHED_AT = 5;
const EXPIRES_AT = 13;
const LENGTHS = 21;
const FIXED_BYTES = 29;
const NO_TEXT = 0xffff;

export const RECORD_BYTES = 12;
const FLAG_SHARED = 1;

/** A payload that was read. */
export interface StoredEvent {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly contentType: string | null;
  readonly publishedAt: number;
  /** Redis' clock. */
  readonly expiresAt: number;
  readonly body: Uint8Array;
}

/** The most bytes that the payload of an event takes. */
export function payloadBytesMax(event: NewEvent): number {
  const characters = event.id.length + event.from.length + event.to.length + (event.contentType?.length ?? 0);
  return FIXED_BYTES + 3 * characters + event.body.length;
}

/** A payload that was written. */
export interface WrittenPayload {
  readonly end: number;
  /** CRC-32 of everything that a receiver sees, times apart. */
  readonly contentChecksum: number;
}

/** Writes a payload at `offset`. */
export function encodePayload(
  into: Buffer,
  offset: number,
  event: NewEvent,
  options: { readonly expiresAt: number; readonly withBody: boolean },
): WrittenPayload {
  into[offset] = VERSION;
  into.writeDoubleBE(event.publishedAt, offset + PUBLISHED_AT);
  into.writeDoubleBE(options.expiresAt, offset + EXPIRES_AT);
  let end = offset + FIXED_BYTES;
  let lengthAt = offset + LENGTHS;
  for (const text of [event.id, event.from, event.to, event.contentType]) {
    const bytes = text === null ? NO_TEXT : into.write(text, end, 'utf8');
    into.writeUInt16BE(bytes, lengthAt);
    lengthAt += 2;
    if (text !== null) end += bytes;
  }
  let contentChecksum: number;
  if (options.withBody) {
    into.set(event.body, end);
    end += event.body.length;
    contentChecksum = crc32(into.subarray(offset + LENGTHS, end));
  } else {
    contentChecksum = crc32(event.body, crc32(into.subarray(offset + LENGTHS, end)));
  }
  into.writeUInt32BE(crc32(into.subarray(offset + PUBLISHED_AT, offset + LENGTHS), contentChecksum), offset + 1);
  return { end, contentChecksum };
}

/** Reads a payload. @param shared the body where it lies apart. @returns undefined when it is damaged (S5). */
export function decodePayload(payload: Buffer, shared: Uint8Array | undefined): StoredEvent | undefined {
  if (payload.length < FIXED_BYTES || payload[0] !== VERSION) return undefined;
  const own = crc32(payload.subarray(LENGTHS));
  const contentChecksum = shared === undefined ? own : crc32(shared, own);
  if (crc32(payload.subarray(PUBLISHED_AT, LENGTHS), contentChecksum) !== payload.readUInt32BE(1)) return undefined;
  let end = FIXED_BYTES;
  const texts: (string | null)[] = [];
  for (let index = 0; index < 4; index++) {
    const bytes = payload.readUInt16BE(LENGTHS + 2 * index);
    texts.push(bytes === NO_TEXT ? null : payload.toString('utf8', end, end + bytes));
    if (bytes !== NO_TEXT) end += bytes;
  }
  return {
    id: texts[0] ?? '',
    from: texts[1] ?? '',
    to: texts[2] ?? '',
    contentType: texts[3] ?? null,
    publishedAt: payload.readDoubleBE(PUBLISHED_AT),
    expiresAt: payload.readDoubleBE(EXPIRES_AT),
    body: shared ?? payload.subarray(end),
  };
}

/** Writes a record at `offset`. */
export function encodeRecord(
  into: Buffer,
  offset: number,
  record: {
    readonly payloadBytes: number;
    readonly bodyBytes: number;
    readonly index: number;
    readonly shared: boolean;
  },
): void {
  into.writeUInt32BE(record.payloadBytes, offset);
  into.writeUInt32BE(record.bodyBytes, offset + 4);
  into.writeUInt16BE(record.index, offset + 8);
  into.writeUInt16BE(record.shared ? FLAG_SHARED : 0, offset + 10);
}

/** Reads the record at `offset`. */
export function decodeRecord(
  records: Buffer,
  offset: number,
): { readonly payloadBytes: number; readonly index: number; readonly shared: boolean } {
  return {
    payloadBytes: records.readUInt32BE(offset),
    index: records.readUInt16BE(offset + 8),
    shared: records.readUInt16BE(offset + 10) === FLAG_SHARED,
  };
}
