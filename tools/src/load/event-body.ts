/**
 * What an event of the load says of itself: who published it as which of its events, when it was due, and a checksum over
 * all of it. The checker needs nothing else to tell lost, foreign, damaged and repeated events apart.
 */
import { crc32 } from 'node:zlib';

/** The fields in front; whatever is longer is filled. */
export const EVENT_BYTES_MIN = 24;
const CHECKSUM_BYTES = 4;
/** Publishers below this number keep their keys exact in a double. */
const COUNTERS = 2 ** 32;

/** An event of the load. */
export interface LoadEvent {
  /** Number of the agent. */
  readonly publisher: number;
  /** From 1 on. */
  readonly counter: number;
  /** When it was due, in ms since 1970: what waits in the load itself counts as latency. */
  readonly dueAt: number;
}

/** One number for each event of a run. */
export function eventKey({ publisher, counter }: Pick<LoadEvent, 'publisher' | 'counter'>): number {
  return publisher * COUNTERS + counter;
}

/** What a key stands for. */
export function eventOfKey(key: number): { publisher: number; counter: number } {
  return { publisher: Math.floor(key / COUNTERS), counter: key % COUNTERS };
}

/** The topic an event goes to: each publisher goes through all of them. */
export function topicOfEvent({ publisher, counter }: Pick<LoadEvent, 'publisher' | 'counter'>, topics: number): number {
  return (publisher + counter) % topics;
}

export function encodeEvent({ publisher, counter, dueAt }: LoadEvent, bytes: number): Uint8Array {
  const body = Buffer.alloc(bytes, counter & 0xff);
  body.writeUInt32BE(publisher, 4);
  body.writeUInt32BE(counter, 8);
  body.writeUInt32BE(bytes, 12);
  body.writeDoubleBE(dueAt, 16);
  body.writeUInt32BE(crc32(body.subarray(CHECKSUM_BYTES)), 0);
  return body;
}

/** @returns undefined for what is no undamaged event of a load. */
export function decodeEvent(body: Uint8Array): LoadEvent | undefined {
  if (body.length < EVENT_BYTES_MIN) return undefined;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  if (bytes.readUInt32BE(0) !== crc32(bytes.subarray(CHECKSUM_BYTES))) return undefined;
  if (bytes.readUInt32BE(12) !== bytes.length) return undefined;
  return { publisher: bytes.readUInt32BE(4), counter: bytes.readUInt32BE(8), dueAt: bytes.readDoubleBE(16) };
}
