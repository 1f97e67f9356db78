/**
 * PublishBatch: events that go to Redis in one script call. It is encoded anew each time it is sent, because the table of
 * subscriptions may have changed; its number and events stay.
 */
import type { Durability, NewEvent, PublishResult } from '../store.ts';
import { AGENT_PREFIX } from './addresses.ts';
import { RECORD_BYTES, encodePayload, encodeRecord, payloadBytesMax } from './event-codec.ts';
import { agentQueueName } from './queue-id.ts';
import type { RedisArgument } from './redis-connection.ts';
import { FAULT_RETRY_MS } from './redis-fault.ts';
import { CHUNK_BYTES_MAX, CHUNK_EVENTS_MAX, FOREVER_MS } from './times.ts';

/** What encoding needs to know. */
export interface Routing {
  /** Names of the queues that an address reaches. */
  queuesOf(to: string): readonly string[];
  /** A wall-clock time, by Redis' clock. */
  toRedis(wallMs: number): number;
  /** Of an outbox, by its key: the batch that has to be done before this one, or 0. */
  after(key: string): number;
  readonly durability: Durability;
}

/** An encoded batch: arguments from the event count on, and the names of the queues it reaches. */
export interface EncodedBatch {
  readonly counts: readonly string[];
  readonly groups: readonly RedisArgument[];
  readonly queueNames: ReadonlySet<string>;
}

const RING_RECORD_BYTES = 19;
const HASH_BYTES = 8;
const DURABLE = 'd';
const RELAXED = 'r';
const REFUSED_RETRY_MS = 1_000;

/** Events that go to one queue together. */
interface Chunk {
  readonly name: string;
  readonly kind: string;
  readonly members: number[];
  bytes: number;
}

/** @param keys what each event is known again by (`dedupKey`). */
export function encodeBatch(events: readonly NewEvent[], keys: readonly string[], routing: Routing): EncodedBatch {
  return new BatchEncoder(events, keys, routing).encode();
}

/** Names the outbox of an event, or its sender and id; empty where it is not known again. */
export function dedupKey({ dedup, from, id }: NewEvent): string {
  if (dedup.kind === 'number') return `${dedup.producer.producerId}${dedup.producer.agentId}`;
  return dedup.kind === 'id' ? `${from} ${id}` : '';
}

class BatchEncoder {
  readonly #events: readonly NewEvent[];
  readonly #keys: readonly string[];
  readonly #routing: Routing;
  readonly #payloads: Buffer;
  /** Where payloads begin, and where the last one ends. */
  readonly #offsets: number[] = [0];
  readonly #expiresAt: number[] = [];
  readonly #checksums: number[] = [];
  readonly #open = new Map<string, Chunk>();
  readonly #chunks: Chunk[] = [];
  readonly #shared = new Set<number>();

  constructor(events: readonly NewEvent[], keys: readonly string[], routing: Routing) {
    this.#events = events;
    this.#keys = keys;
    this.#routing = routing;
    this.#payloads = Buffer.allocUnsafe(events.reduce((sum, event) => sum + payloadBytesMax(event), 0));
  }

  encode(): EncodedBatch {
    const delayed: RedisArgument[] = [];
    let delayedCount = 0;
    for (const [index, event] of this.#events.entries()) {
      const names = this.#routing.queuesOf(event.to);
      this.#encodePayload(index, event, names.length);
      if (event.dueAt > 0) {
        delayed.push(...this.#delayed(index, event));
        delayedCount += 1;
      } else {
        for (const name of names) this.#addTo(name, index);
      }
    }
    const producers = this.#producers();
    const ids = this.#ids();
    const bodies = [...this.#shared].flatMap((index) => [String(index), asBuffer(this.#event(index).body)]);
    const chunks = this.#chunks.flatMap((chunk) => this.#encodeChunk(chunk));
    return {
      counts: [producers.count, ids.count, this.#shared.size, this.#chunks.length, delayedCount].map(String),
      groups: [...producers.groups, ...ids.groups, ...bodies, ...chunks, ...delayed],
      queueNames: new Set(this.#open.keys()),
    };
  }

  #producers(): { readonly count: number; readonly groups: readonly RedisArgument[] } {
    const byProducer = new Map<string, number[]>();
    for (const [index, key] of this.#keys.entries()) {
      if (this.#event(index).dedup.kind !== 'number') continue;
      const members = byProducer.get(key);
      if (members === undefined) byProducer.set(key, [index]);
      else members.push(index);
    }
    const about = { durability: this.#routing.durability, hashOf: (index: number) => this.#hashOf(index) };
    const groups = [...byProducer].flatMap(([key, members]) => [
      String(this.#routing.after(key)),
      ...encodeProducer(this.#events, members, about),
    ]);
    return { count: byProducer.size, groups };
  }

  #ids(): { readonly count: number; readonly groups: readonly RedisArgument[] } {
    const groups: RedisArgument[] = [];
    for (const [index, event] of this.#events.entries()) {
      if (event.dedup.kind !== 'id') continue;
      const mark = [Buffer.from(letterOf(event, this.#routing.durability)), this.#hashOf(index)];
      groups.push(String(index), `${event.from} ${event.id}`, Buffer.concat(mark));
    }
    return { count: groups.length / 3, groups };
  }

  #hashOf(index: number): Buffer {
    const bytes = Buffer.allocUnsafe(HASH_BYTES);
    bytes.writeUInt32BE(this.#checksums[index] ?? 0);
    bytes.writeUInt32BE(this.#event(index).body.length, 4);
    return bytes;
  }

  #event(index: number): NewEvent {
    return this.#events[index] as NewEvent;
  }

  /** The body is in the payload where one queue at most gets it; delayed events are parted when they are due. */
  #encodePayload(index: number, event: NewEvent, queueCount: number): void {
    const expiresAt = this.#routing.toRedis(event.expiresAt);
    const withBody = queueCount <= 1 || event.dueAt > 0;
    if (!withBody) this.#shared.add(index);
    const offset = this.#offsets[index] ?? 0;
    const { end, contentChecksum } = encodePayload(this.#payloads, offset, event, { expiresAt, withBody });
    this.#offsets.push(end);
    this.#checksums.push(contentChecksum);
    this.#expiresAt.push(expiresAt);
  }

  #addTo(name: string, index: number): void {
    const size = this.#payloadBytes(index);
    let chunk = this.#open.get(name);
    const isFull =
      chunk !== undefined && (chunk.members.length >= CHUNK_EVENTS_MAX || chunk.bytes + size > CHUNK_BYTES_MAX);
    if (chunk === undefined || isFull) {
      chunk = { name, kind: name.startsWith('a:') ? 'agent' : 'topic', members: [], bytes: 0 };
      this.#open.set(name, chunk);
      this.#chunks.push(chunk);
    }
    chunk.members.push(index);
    chunk.bytes += size;
  }

  #encodeChunk({ name, kind, members }: Chunk): readonly RedisArgument[] {
    const bodyBytes = members.reduce((sum, index) => sum + this.#event(index).body.length, 0);
    const expiresAt = members.reduce((least, index) => Math.min(least, this.#expiresAt[index] ?? 0), FOREVER_MS);
    return [
      name,
      kind,
      String(members.length),
      String(bodyBytes),
      this.#records(members),
      this.#joined(members),
      String(expiresAt),
    ];
  }

  /** It is routed when it is due. */
  #delayed(index: number, { dueAt, to }: NewEvent): readonly RedisArgument[] {
    const due = String(this.#routing.toRedis(dueAt));
    const members = [index];
    const name = to.startsWith(AGENT_PREFIX) ? agentQueueName(to.slice(AGENT_PREFIX.length)) : '';
    const expiresAt = String(this.#expiresAt[index]);
    return [String(index), due, this.#records(members), this.#joined(members), expiresAt, to, name];
  }

  #records(members: readonly number[]): Buffer {
    const records = Buffer.allocUnsafe(members.length * RECORD_BYTES);
    for (const [place, index] of members.entries()) {
      encodeRecord(records, place * RECORD_BYTES, {
        payloadBytes: this.#payloadBytes(index),
        bodyBytes: this.#event(index).body.length,
        index,
        shared: this.#shared.has(index),
      });
    }
    return records;
  }

  /** Payloads that lie together are not copied. */
  #joined(members: readonly number[]): Buffer {
    const first = members[0] ?? 0;
    const last = members.at(-1) ?? 0;
    if (last - first + 1 === members.length) {
      return this.#payloads.subarray(this.#offsets[first], this.#offsets[last + 1]);
    }
    return Buffer.concat(
      members.map((index) => this.#payloads.subarray(this.#offsets[index], this.#offsets[index + 1])),
    );
  }

  #payloadBytes(index: number): number {
    return (this.#offsets[index + 1] ?? 0) - (this.#offsets[index] ?? 0);
  }
}

/** What a repetition is compared by: the checksum of what a receiver sees, and the length of the body. */
type ContentHash = (index: number) => Buffer;

/** Records of an outbox: number (8), index (2), durability (1), content hash (8). */
function encodeProducer(
  events: readonly NewEvent[],
  members: readonly number[],
  { durability, hashOf }: { readonly durability: Durability; readonly hashOf: ContentHash },
): readonly RedisArgument[] {
  const records = Buffer.allocUnsafe(members.length * RING_RECORD_BYTES);
  let settled = 0;
  let head: readonly string[] = [];
  for (const [place, index] of members.entries()) {
    const event = events[index] as NewEvent;
    if (event.dedup.kind !== 'number') continue;
    const { producer, number, settledNumber } = event.dedup;
    const offset = place * RING_RECORD_BYTES;
    records.writeDoubleBE(number, offset);
    records.writeUInt16BE(index, offset + 8);
    records.write(letterOf(event, durability), offset + 10, 'latin1');
    records.set(hashOf(index), offset + 11);
    settled = Math.max(settled, settledNumber);
    if (place === 0) head = [producer.agentId, producer.producerId, '', String(number), String(members.length)];
  }
  return [...head.with(2, String(settled)), records];
}

function letterOf(event: NewEvent, durability: Durability): string {
  return event.durability === 'relaxed' || durability === 'relaxed' ? RELAXED : DURABLE;
}

/** Reads the script's answer: `base waiting index=status…`. */
export function decodeAnswer(
  answer: string,
  events: readonly NewEvent[],
  durability: Durability,
): readonly PublishResult[] {
  const [baseText = '', , ...exceptions] = answer.split(' ');
  const base = Number(baseText);
  const results = events.map((event, index): PublishResult => ({
    status: 'stored',
    sequence: base + index,
    durability: letterOf(event, durability) === RELAXED ? 'relaxed' : 'durable',
  }));
  for (const exception of exceptions) {
    const [index = '', status = ''] = exception.split('=');
    results[Number(index)] = exceptionOf(status);
  }
  return results;
}

function exceptionOf(status: string): PublishResult {
  switch (status[0]) {
    case DURABLE:
    case RELAXED: {
      const durability = status[0] === RELAXED ? 'relaxed' : 'durable';
      return { status: 'duplicate', sequence: Number(status.slice(1)), durability };
    }
    case 'c':
      return { status: 'refused', code: 'E_EVENT_CONFLICT', retryAfterMs: 0 };
    case 's':
      return { status: 'refused', code: 'E_EVENT_SETTLED', retryAfterMs: 0 };
    case 'u':
      return { status: 'refused', code: 'E_UNKNOWN_ADDRESS', retryAfterMs: 0 };
    case 'w':
      return { status: 'refused', code: 'E_STORE_UNAVAILABLE', retryAfterMs: FAULT_RETRY_MS };
    default:
      return { status: 'refused', code: 'E_QUEUE_FULL', retryAfterMs: REFUSED_RETRY_MS };
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
