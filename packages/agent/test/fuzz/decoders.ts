/** Every decoder of `agent`, for its tests and for `tools:fuzz`: what the outbox, the inbox and stdin hold. */
import { deepStrictEqual } from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Readable } from 'node:stream';
import { utf8Encode } from '@sealane/shared/bytes';
import { outcomeOfAsync, type FuzzDecoder } from '@sealane/shared/testing';
import { payloadLines } from '../../src/commands/payload-lines.ts';
import { DoneSet, type DoneState } from '../../src/delivery/done-set.ts';
import { eventOf, eventValues, receiptOf } from '../../src/delivery/outbox-statements.ts';
import { SqliteInbox } from '../../src/delivery/sqlite-inbox.ts';
import { SqliteOutbox } from '../../src/delivery/sqlite-outbox.ts';
import { SqlError, SqliteThread, type SqlRow, type SqlValue } from '../../src/delivery/sqlite-thread.ts';
import { Scratch } from '@sealane/node/testing';

const scratch = new Scratch();
const thread = new SqliteThread();
const close = (): void => scratch.remove();
const PATCH_BYTES = 4;
const BITMAP_BYTES = 32;

const EVENT = {
  ...{ number: 7, to: 'topic:a.b', eventId: 'id', contentType: null, body: Uint8Array.of(1, 2) },
  ...{ ttlMs: 5, delayMs: 0, relaxed: true },
};
const COLUMNS = [
  ...['number', 'recipient', 'event_id', 'content_type', 'body', 'ttl_ms', 'delay_ms', 'relaxed', 'checksum'],
  ...['id', 'sequence', 'durability'],
];

/** A row as JSON: numbers, texts, null, and bytes as lists of numbers. */
function rowOf(input: Uint8Array): SqlRow | undefined {
  try {
    const values = JSON.parse(Buffer.from(input).toString()) as readonly unknown[];
    if (!Array.isArray(values)) return undefined;
    const known = values.map((value: unknown): SqlValue => {
      if (Array.isArray(value)) return Uint8Array.from(value as number[]);
      return typeof value === 'number' || typeof value === 'string' ? value : null;
    });
    return Object.fromEntries(COLUMNS.map((name, index) => [name, known[index] ?? null]));
  } catch {
    return undefined;
  }
}

const rowText = (values: readonly unknown[]): Uint8Array =>
  utf8Encode(JSON.stringify(values.map((value) => (value instanceof Uint8Array ? [...value] : value))));

/** What is intact is the event that was written, its number and times apart. */
const outboxRows: FuzzDecoder = {
  name: 'outbox-rows',
  seeds: () => [
    rowText([...eventValues(EVENT), 'id', 9, 'durable']),
    rowText([...eventValues({ ...EVENT, eventId: null, body: new Uint8Array(0) }), null, null, null]),
    rowText([1]),
  ],
  decode(input) {
    const row = rowOf(input);
    if (row === undefined) return 'no row';
    const { event, intact } = eventOf(row);
    if (intact && event.eventId === EVENT.eventId) deepStrictEqual([...event.body], [...EVENT.body]);
    return `${intact} ${receiptOf(row) === undefined}`;
  },
};

function patched(whole: Uint8Array, input: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(whole);
  for (let at = 0; at + PATCH_BYTES <= input.length; at += PATCH_BYTES) {
    const [a = 0, b = 0, c = 0, value = 0] = input.subarray(at, at + PATCH_BYTES);
    bytes[((a << 16) | (b << 8) | c) % bytes.length] = value;
  }
  return bytes;
}

const newOutbox = (file: string): Promise<SqliteOutbox> =>
  SqliteOutbox.open({
    ...{ thread, file, newProducerId: () => 'AAAAAAAAAAAAAAAA', wallClock: () => 1_000, onIncident: () => undefined },
    limits: { eventsMax: 1_000, bytesMax: 1_000_000, freeDiskBytesMin: 0 },
  });

let wholeOutbox: Uint8Array | undefined;

async function outboxFile(): Promise<Uint8Array> {
  const file = scratch.file('whole.db', new Uint8Array(0));
  const outbox = await newOutbox(file);
  await Promise.all(Array.from({ length: 5 }, () => outbox.add({ ...EVENT, eventId: null }).added));
  await outbox.add(EVENT).added;
  await outbox.close();
  return readFileSync(file);
}

/** Bytes of the file of an outbox that are changed: where (3), and to what (1). */
const outboxFiles: FuzzDecoder = {
  name: 'outbox-file',
  runs: 30,
  limits: { timeMs: 10_000 },
  seeds: () => [
    new Uint8Array(0),
    Uint8Array.of(0, 0, 0, 0),
    Uint8Array.of(0, 0, 18, 9, 0, 0, 60, 9),
    Uint8Array.of(0, 48, 1, 255, 0, 16, 8, 255),
    Uint8Array.from({ length: 200 }, (_, index) => (index % PATCH_BYTES === 0 ? 0 : (index * 37) & 255)),
  ],
  async decode(input) {
    wholeOutbox ??= await outboxFile();
    const file = scratch.file('outbox.db', patched(wholeOutbox, input));
    for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
    return await outcomeOfSql(async () => {
      const outbox = await newOutbox(file);
      try {
        await outbox.read(0, { eventsMax: 10, bytesMax: 10_000 });
        await outbox.receiptOf('id');
      } finally {
        await outbox.close();
      }
    });
  },
  close,
};

/** What the disk says of itself counts as a refusal: callers turn it into `E_STORAGE`. */
async function outcomeOfSql(act: () => Promise<void>): Promise<string> {
  try {
    return await outcomeOfAsync(act, ['E_STORAGE', 'E_OUTBOX_FULL']);
  } catch (error) {
    if (error instanceof SqlError) return `sqlite ${error.sqlCode}`;
    throw error;
  }
}

const SUBSCRIPTION = 'agent:bob';

/** The cursor, a space, and the runs as the row has them. Whatever they are, a set is made of them and told to a server. */
const inboxRows: FuzzDecoder = {
  name: 'inbox-rows',
  runs: 30,
  limits: { timeMs: 1_000 },
  seeds: () => ['5 []', '5 [[7,9],[12,12]]', '0 {}', '9 [[3,1],[1e9,0],["a",null]]', '1 [', '3 null'].map(utf8Encode),
  async decode(input) {
    const text = Buffer.from(input).toString();
    const file = scratch.file('inbox.db', new Uint8Array(0));
    const inbox = await SqliteInbox.open({ thread, file, wallClock: () => 1_000 });
    try {
      writeRow(file, Math.trunc(Number(text.split(' ', 1)[0])) || 0, text.slice(text.indexOf(' ') + 1));
      let runs = 0;
      const code = await outcomeOfSql(async () => {
        for (const { done } of await inbox.load(SUBSCRIPTION)) {
          useDone(done);
          runs += done.runs.length;
        }
      });
      return `${code} ${runs > 0}`;
    } finally {
      await inbox.close();
    }
  },
  close,
};

function writeRow(file: string, cursor: number, runs: string): void {
  const database = new DatabaseSync(file);
  try {
    const values = [SUBSCRIPTION, new Uint8Array(16), 'server', BigInt(clamp(cursor)), runs, 1];
    database.prepare('INSERT OR REPLACE INTO done VALUES (?, ?, ?, ?, ?, ?)').run(...values);
  } finally {
    database.close();
  }
}

const clamp = (cursor: number): number => Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, cursor));

function useDone(state: DoneState): void {
  const set = new DoneSet(state);
  set.add(8);
  if (!set.has(8)) throw new Error('8 was added');
  if (set.bitmap(BITMAP_BYTES).length > BITMAP_BYTES) throw new Error('a bitmap that is too long');
  set.state();
}

/** Lines of stdin, in chunks of the size that the first byte names. */
const lines: FuzzDecoder = {
  name: 'payload-lines',
  seeds: () => [Uint8Array.of(3, ...utf8Encode('a\nb\r\n\nc')), Uint8Array.of(200, 0xff, 10, 65), Uint8Array.of(1)],
  async decode(input) {
    const size = (input[0] ?? 0) + 1;
    const chunks: Buffer[] = [];
    for (let at = 1; at < input.length; at += size) chunks.push(Buffer.from(input.subarray(at, at + size)));
    return await outcomeOfAsync(async () => {
      for await (const line of payloadLines(Readable.from(chunks)))
        if (line.includes('\n')) throw new Error('two lines');
    }, ['E_DATA', 'E_EVENT_TOO_LARGE']);
  },
};

export const DECODERS: readonly FuzzDecoder[] = [outboxRows, outboxFiles, inboxRows, lines];
