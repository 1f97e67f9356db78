/** Decoders of what the store in a file keeps: event records, sealed parts of the state, batches, the file itself. */
import { deepStrictEqual } from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { equalBytes } from '@sealane/shared/bytes';
import { outcomeOfAsync, type FuzzDecoder } from '@sealane/shared/testing';
import {
  MemoryDisk,
  MemoryStore,
  SqliteStore,
  type NewEvent,
  type Store,
  type StoreListener,
} from '../../src/store/index.ts';
import { readEventRecord, writeEventRecord } from '../../src/store/log/event-record.ts';
import { RecordWriter } from '../../src/store/log/record-writer.ts';
import { openEither, sealTwice } from '../../src/store/log/sealed-twice.ts';
import { VirtualEnvironment } from '../../src/store/testing/virtual-environment.compliance.ts';
import { Scratch } from '@sealane/node/testing';

const CHECKSUM_BYTES = 4;
const RECORD_HEADER_BYTES = 8;
const silent: StoreListener = { onQueues() {}, onAgentLost() {}, onHealth() {}, onIncident() {} };

/** An event, the same every time. */
export function event(to: string, changes: Partial<NewEvent> = {}): NewEvent {
  return {
    ...{ id: `id of ${to}`, from: 'agent:sender', to, contentType: 'text/plain', body: Uint8Array.of(1, 2, 3) },
    ...{ publishedAt: 1_000, expiresAt: Number.MAX_SAFE_INTEGER, dueAt: 0, durability: 'durable' },
    ...{ dedup: { kind: 'none' }, ...changes },
  };
}

function recordOf(stored: NewEvent): Uint8Array {
  const writer = new RecordWriter();
  writeEventRecord(writer, stored);
  return Uint8Array.from(writer.buffer.subarray(0, writer.length));
}

/** The first byte says whether the checksums are made to fit: damage is found by them, and what they miss is no crash. */
const eventRecords: FuzzDecoder = {
  name: 'event-records',
  seeds: () =>
    [recordOf(event('topic:a.b')), recordOf(event('agent:é', { contentType: null, body: new Uint8Array(0) }))].flatMap(
      (record) => [
        Uint8Array.of(0, ...record),
        Uint8Array.of(1, ...record),
        Uint8Array.of(0, ...record.subarray(0, 30)),
      ],
    ),
  decode(input) {
    const record = input.slice(1);
    if (input[0] !== 0 && record.length > RECORD_HEADER_BYTES) {
      const view = new DataView(record.buffer);
      for (let end = RECORD_HEADER_BYTES; end < Math.min(record.length, 300); end++) {
        view.setUint32(CHECKSUM_BYTES, crc32(record.subarray(end)));
        view.setUint32(0, crc32(record.subarray(CHECKSUM_BYTES, end)));
        if (readEventRecord(record) !== undefined) return 'ok';
      }
      return 'none';
    }
    return readEventRecord(record) === undefined ? 'none' : 'ok';
  },
};

const SEALED = new TextEncoder().encode('what a checkpoint wrote');

/** Either copy gives what was sealed; nothing else comes out. */
const sealedTwice: FuzzDecoder = {
  name: 'sealed-twice',
  seeds: () => [sealTwice(SEALED), sealTwice(SEALED).fill(0, 0, 5), sealTwice(new Uint8Array(0))],
  decode(input) {
    const opened = openEither(input);
    if (opened === undefined) return 'none';
    if (opened.bytes.length > 0) deepStrictEqual(equalBytes(opened.bytes, SEALED), true);
    return opened.isDamaged ? 'damaged' : 'ok';
  },
};

const ROW = 0;
const ENTRY_HEADER_BYTES = 9;

/** One row or batch: type (1), kind (1), id (2), part (3), length (2), bytes. */
function entryOf(type: number, [kind, id, part]: readonly [number, number, number], bytes: Uint8Array): Uint8Array {
  const head = [type, kind, id >> 8, id & 255, part >> 16, (part >> 8) & 255, part & 255];
  return Uint8Array.of(...head, bytes.length >> 8, bytes.length & 255, ...bytes);
}

/** Every kind of step, and a checkpoint of half of them. */
async function writtenState(): Promise<readonly Uint8Array[]> {
  const environment = new VirtualEnvironment();
  const store = new MemoryStore({ environment, checkpointBytes: 600, checkpointSliceBytes: 400 });
  await store.open(silent);
  const producer = { agentId: 'sender', producerId: 'AAAAAAAAAAAAAAAA' };
  const { queueId } = await store.openQueue({ kind: 'agent', agentId: 'bob' });
  await store.openQueue({ kind: 'subscription', agentId: 'bob', pattern: 'a.>' });
  await store.openQueue({ kind: 'group', group: 'g', pattern: 'a.*' });
  const lease = await store.claimAgent('bob', 'main');
  for (let number = 1; number <= 12; number++) {
    const dueAt = number === 4 ? environment.now() + 60_000 : 0;
    const numbered = { kind: 'number', producer, number, settledNumber: 1 } as const;
    await store.publish([
      event('agent:bob', { id: `n${number}`, dedup: numbered, dueAt }),
      event('topic:a.b', { id: `i${number}`, dedup: { kind: 'id' }, expiresAt: environment.now() + 5_000 }),
    ]);
  }
  store.beginDelivery(queueId, lease);
  await store.settle(
    queueId,
    [
      { kind: 'acked-to', sequence: 2 },
      { kind: 'acked', sequence: 5 },
      { kind: 'failed', sequence: 3, at: environment.now(), reason: 'x' },
    ],
    lease,
  );
  await environment.advance(6_000);
  await store.publish([event('agent:bob', { id: 'last' })]);
  const { rows, batches } = store.disk;
  const written = [...rows.values()].map(({ kind, id, part, data }) =>
    entryOf(ROW, [kind, id & 0xffff, part], openEither(data)?.bytes ?? data),
  );
  const heads = batches.map(({ head }) => entryOf(1, [0, 0, 0], openEither(head)?.bytes ?? head));
  store.crash();
  return [...written, ...heads];
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

/** A disk whose checksums all fit, whatever it says. */
function diskOf(input: Uint8Array): MemoryDisk {
  const disk = new MemoryDisk();
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  let position = 1;
  for (let at = 0; at + ENTRY_HEADER_BYTES <= input.length;) {
    const length = view.getUint16(at + 7);
    const bytes = input.slice(at + ENTRY_HEADER_BYTES, at + ENTRY_HEADER_BYTES + length);
    if (view.getUint8(at) === ROW) {
      const [kind, id, part] = [view.getUint8(at + 1), view.getUint16(at + 2), view.getUint32(at + 3) & 0xff_ffff];
      disk.rows.set(`${kind}/${id}/${part}`, { kind, id, part, data: sealTwice(bytes) });
    } else {
      const records = new Uint8Array(64);
      disk.batches.push({ position, head: sealTwice(bytes), records });
      position += records.length;
    }
    at += ENTRY_HEADER_BYTES + length;
  }
  return disk;
}

/** A store that opens can be used. */
async function useStore(store: Store): Promise<void> {
  store.figures();
  const { queueId } = await store.openQueue({ kind: 'agent', agentId: 'bob' });
  const lease = await store.claimAgent('bob', 'main');
  await store.publish([event('agent:bob'), event('topic:a.b')]);
  const items = await store.read(queueId, { after: 0, limit: 10, bytesMax: 10_000 }, lease);
  const first = items[0];
  if (first?.kind === 'event') {
    await store.settle(queueId, [{ kind: 'acked', sequence: first.sequence }], lease);
  }
  await store.queuesOf('bob');
}

const storeState: FuzzDecoder = {
  name: 'store-state',
  async seeds() {
    const parts = await writtenState();
    return [joined(parts), joined(parts.slice(0, 6)), joined(parts.slice(-6)), ...parts];
  },
  decode(input) {
    const store = new MemoryStore({ environment: new VirtualEnvironment(), disk: diskOf(input) });
    return outcomeOfAsync(async () => {
      await store.open(silent);
      await useStore(store);
      store.crash();
    }, ['E_DATA', 'E_STORAGE', 'E_STORE_UNAVAILABLE']);
  },
};

const scratch = new Scratch();
const PATCH_BYTES = 4;
let wholeFile: Uint8Array | undefined;

async function storeFile(): Promise<Uint8Array> {
  const file = scratch.file('whole.db', new Uint8Array(0));
  rmSync(file);
  const store = new SqliteStore(file, { diskFloorBytes: 0 });
  await store.open(silent);
  await useStore(store);
  await store.close();
  return readFileSync(file);
}

/** Bytes of a store file that are changed: where (3), and to what (1). The file itself is made by this version. */
const storeFiles: FuzzDecoder = {
  name: 'store-file',
  runs: 8,
  limits: { timeMs: 10_000 },
  seeds: () => [
    new Uint8Array(0),
    Uint8Array.of(0, 0, 0, 0),
    Uint8Array.of(0, 0, 18, 9, 0, 0, 19, 9),
    Uint8Array.of(0, 16, 5, 255, 0, 16, 8, 255),
    Uint8Array.from({ length: 200 }, (_, index) => (index % PATCH_BYTES === 0 ? 0 : (index * 37) & 255)),
  ],
  async decode(input) {
    wholeFile ??= await storeFile();
    const patched = Uint8Array.from(wholeFile);
    for (let at = 0; at + PATCH_BYTES <= input.length; at += PATCH_BYTES) {
      const [a = 0, b = 0, c = 0, value = 0] = input.subarray(at, at + PATCH_BYTES);
      patched[((a << 16) | (b << 8) | c) % patched.length] = value;
    }
    const file = scratch.file('store.db', patched);
    for (const suffix of ['-wal', '-shm', '.starts']) rmSync(`${file}${suffix}`, { force: true });
    const store = new SqliteStore(file, { diskFloorBytes: 0 });
    try {
      return await outcomeOfAsync(async () => {
        await store.open(silent);
        await useStore(store);
      }, ['E_DATA', 'E_STORAGE', 'E_STORE_UNAVAILABLE', 'E_STORE_FULL']);
    } finally {
      await store.close().catch(() => undefined);
    }
  },
  close: () => scratch.remove(),
};

export const STORE_DECODERS: readonly FuzzDecoder[] = [eventRecords, sealedTwice, storeState, storeFiles];
