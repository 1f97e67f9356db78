/** Blobs: uploads that go on, whatever came between, and nothing that is read before it is whole. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorageError } from '@sealane/shared/errors';
import type { BlobFiles } from '../../src/messaging/blobs/blob-files.ts';
import { blobLimitsOf, type BlobLimits } from '../../src/messaging/blobs/blob-limits.ts';
import { Blobs, type NewBlob } from '../../src/messaging/blobs/blobs.ts';
import { DiskBlobFiles } from '../../src/messaging/blobs/disk-blob-files.ts';
import { MemoryBlobFiles } from '../../src/messaging/blobs/memory-blob-files.ts';
import { MemoryMessagingStore } from '../../src/messaging/store/memory-messaging-store.ts';
import { eventually } from '../test-server.ts';
import { WatchedStore } from './watched-store.ts';

jest.setTimeout(30_000);

const alice = { agentId: 'alice.one', accountId: new Uint8Array(32).fill(1) };
const bob = { agentId: 'bob.one', accountId: new Uint8Array(32).fill(2) };
const DAY_MS = 86_400_000;

let folder: string;
let memory: MemoryMessagingStore;
let store: WatchedStore;
let files: BlobFiles;
let blobs: Blobs;
let now: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealane-blobs-'));
  now = 1_800_000_000_000;
  memory = new MemoryMessagingStore();
  await memory.open();
  store = new WatchedStore(memory);
});

afterEach(async () => {
  blobs.stop();
  await memory.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(limits: Partial<BlobLimits> = {}): Promise<void> {
  blobs = new Blobs({
    store,
    files,
    environment: {
      now: () => now,
      wallClock: () => now,
      schedule: () => ({ cancel: () => undefined }),
    },
    limits: { ...blobLimitsOf('default'), freeBytesMin: 0, ...limits },
  });
  await blobs.start();
}

function blobOf(bytes: Uint8Array, about: Partial<NewBlob> = {}): NewBlob {
  const hash = createHash('sha256').update(bytes).digest();
  return { id: new Uint8Array(randomBytes(16)), size: bytes.length, hash, ttlMs: 0, ...about };
}

async function upload(bytes: Uint8Array, about: Partial<NewBlob> = {}, device = alice): Promise<NewBlob> {
  const blob = blobOf(bytes, about);
  let { position } = await blobs.open(device, blob);
  while (position < bytes.length) {
    const part = { id: blob.id, position, bytes: bytes.subarray(position, position + 65_536) };
    ({ position } = await blobs.write(device, part));
  }
  return blob;
}

async function download({ id, size }: NewBlob): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let position = 0; position < size;) {
    const { bytes } = await blobs.read(id, position, 65_536);
    parts.push(bytes);
    position += bytes.length;
  }
  return Buffer.concat(parts);
}

describe.each(['memory', 'disk'])('blobs in %s', (kind) => {
  beforeEach(async () => {
    files = kind === 'disk' ? new DiskBlobFiles(join(folder, 'blobs')) : new MemoryBlobFiles({ bytesMax: 10_000_000 });
    await open();
  });

  it('D6: goes up in parts and comes down as it was; until it is whole nobody reads it', async () => {
    const bytes = randomBytes(300_000);
    const blob = blobOf(bytes);
    expect(await blobs.open(alice, blob)).toEqual({ size: 300_000, position: 0 });
    await blobs.write(alice, { id: blob.id, position: 0, bytes: bytes.subarray(0, 200_000) });
    await expect(blobs.read(blob.id, 0, 100)).rejects.toMatchObject({ code: 'E_BLOB_NOT_FOUND' });
    expect(await blobs.open(alice, blob)).toEqual({ size: 300_000, position: 200_000 });
    await blobs.write(alice, { id: blob.id, position: 200_000, bytes: bytes.subarray(200_000) });
    expect(Buffer.from(await download(blob)).equals(bytes)).toBe(true);
    expect(await blobs.open(alice, blob)).toEqual({ size: 300_000, position: 300_000 });
    expect(await blobs.read(blob.id, 300_000, 10)).toMatchObject({ bytes: new Uint8Array() });
    await expect(blobs.read(blob.id, 300_001, 10)).rejects.toMatchObject({ code: 'E_BLOB_OFFSET', present: 300_000 });
  });

  it('another position is refused with the one that is there; a repetition of a part is answered again', async () => {
    const bytes = randomBytes(1_000);
    const blob = blobOf(bytes);
    await blobs.open(alice, blob);
    const first = { id: blob.id, position: 0, bytes: bytes.subarray(0, 400) };
    await blobs.write(alice, first);
    expect(await blobs.write(alice, first)).toEqual({ size: 1_000, position: 400 });
    for (const position of [100, 500]) {
      const part = { id: blob.id, position, bytes: randomBytes(100) };
      await expect(blobs.write(alice, part)).rejects.toMatchObject({ code: 'E_BLOB_OFFSET', present: 400 });
    }
    const rest = { id: blob.id, position: 400, bytes: bytes.subarray(400) };
    await blobs.write(alice, rest);
    expect(await blobs.write(alice, rest)).toEqual({ size: 1_000, position: 1_000 });
    const beyond = { id: blob.id, position: 1_000, bytes: randomBytes(1) };
    await expect(blobs.write(alice, beyond)).rejects.toMatchObject({ code: 'E_BAD_REQUEST' });
  });

  it('two writers at once: every byte is there once, and one of each pair is told where it goes on', async () => {
    const bytes = randomBytes(640_000);
    const blob = blobOf(bytes);
    await blobs.open(alice, blob);
    const writer = async (): Promise<void> => {
      for (let position = 0; position < bytes.length;) {
        const part = { id: blob.id, position, bytes: bytes.subarray(position, position + 20_000) };
        try {
          ({ position } = await blobs.write(alice, part));
        } catch (error) {
          position = (error as { present: number }).present;
        }
      }
    };
    await Promise.all([writer(), writer(), writer()]);
    expect(Buffer.from(await download(blob)).equals(bytes)).toBe(true);
  });

  it('with a wrong hash all of it goes, and it may be sent again', async () => {
    const bytes = randomBytes(1_000);
    const blob = blobOf(bytes, { hash: randomBytes(32) });
    await blobs.open(alice, blob);
    await expect(blobs.write(alice, { id: blob.id, position: 0, bytes })).rejects.toMatchObject({
      code: 'E_BLOB_HASH',
    });
    await expect(blobs.write(alice, { id: blob.id, position: 0, bytes })).rejects.toMatchObject({
      code: 'E_BLOB_NOT_FOUND',
    });
    expect(await files.list()).toEqual({ parts: [], wholes: [] });
    expect(await upload(bytes, { id: blob.id })).toMatchObject({ size: 1_000 });
  });

  it('A7: only the account that opened it writes; whoever knows the id reads', async () => {
    const bytes = randomBytes(1_000);
    const blob = blobOf(bytes);
    await blobs.open(alice, blob);
    await expect(blobs.open(bob, blob)).rejects.toMatchObject({ code: 'E_FORBIDDEN' });
    await expect(blobs.write(bob, { id: blob.id, position: 0, bytes })).rejects.toMatchObject({
      code: 'E_BLOB_NOT_FOUND',
    });
    await expect(blobs.open(alice, { ...blob, size: 999 })).rejects.toMatchObject({ code: 'E_BAD_REQUEST' });
    await blobs.write(alice, { id: blob.id, position: 0, bytes });
    expect(Buffer.from(await download(blob)).equals(bytes)).toBe(true);
  });

  it('A7: whoever knows a hash does not get the bytes by opening a blob of it', async () => {
    const known = await upload(randomBytes(1_000));
    const copy = { ...known, id: new Uint8Array(randomBytes(16)) };
    expect(await blobs.open(bob, copy)).toMatchObject({ position: 0 });
    await expect(blobs.read(copy.id, 0, 10)).rejects.toMatchObject({ code: 'E_BLOB_NOT_FOUND' });
  });

  it('accounts have a quota, and all of them together a bound', async () => {
    await open({ accountBytesMax: 2_000, totalBytesMax: 3_000 });
    const first = await upload(randomBytes(1_500));
    await expect(upload(randomBytes(501))).rejects.toMatchObject({ code: 'E_QUOTA' });
    await upload(randomBytes(1_500), {}, bob);
    await expect(upload(randomBytes(1), {}, bob)).rejects.toMatchObject({ code: 'E_STORE_FULL' });
    now += 31 * DAY_MS;
    await blobs.sweep();
    await expect(blobs.read(first.id, 0, 1)).rejects.toMatchObject({ code: 'E_BLOB_NOT_FOUND' });
    await upload(randomBytes(1_500));
  });

  it('accounts have so many blobs and no more, however small', async () => {
    await open({ accountBlobsMax: 2 });
    for (const _ of [1, 2]) await upload(randomBytes(1), { ttlMs: 60_000 });
    await expect(upload(randomBytes(1))).rejects.toMatchObject({ code: 'E_QUOTA' });
    await upload(randomBytes(1), {}, bob);
    now += 60_000;
    await blobs.sweep();
    await upload(randomBytes(1));
  });

  it('ends when its time is over, to the ms, and its bytes with the last blob that has them', async () => {
    const bytes = randomBytes(1_000);
    const brief = await upload(bytes, { ttlMs: 60_000 });
    const long = await upload(bytes);
    now += 59_999;
    expect(await download(brief)).toHaveLength(1_000);
    now += 1;
    await expect(blobs.read(brief.id, 0, 1)).rejects.toMatchObject({ code: 'E_BLOB_NOT_FOUND' });
    await blobs.sweep();
    expect(Buffer.from(await download(long)).equals(bytes)).toBe(true);
    now += 30 * DAY_MS;
    await blobs.sweep();
    expect(await files.list()).toEqual({ parts: [], wholes: [] });
  });

  it('an upload that is given up goes after two days, or with its account, whose whole blobs others still need', async () => {
    const given = blobOf(randomBytes(1_000));
    await blobs.open(alice, given);
    await blobs.write(alice, { id: given.id, position: 0, bytes: randomBytes(10) });
    now += 2 * DAY_MS;
    await blobs.sweep();
    expect(await files.list()).toEqual({ parts: [], wholes: [] });
    const whole = await upload(randomBytes(100));
    const [own, others] = [blobOf(randomBytes(1_000)), blobOf(randomBytes(1_000))];
    await blobs.open(alice, own);
    await blobs.open(bob, others);
    for (const [device, { id }] of [
      [alice, own],
      [bob, others],
    ] as const)
      await blobs.write(device, { id, position: 0, bytes: randomBytes(10) });
    await blobs.dropUploads(alice.accountId);
    expect((await files.list()).parts).toEqual([others.id]);
    expect(await download(whole)).toHaveLength(100);
    now += 30 * DAY_MS;
    await blobs.sweep();
    expect(await files.list()).toEqual({ parts: [], wholes: [] });
  });

  it('R1: one whose last byte came right before a crash is made whole when it is opened, or its last part comes again', async () => {
    for (const isOpened of [true, false]) {
      const bytes = randomBytes(1_000);
      const blob = blobOf(bytes);
      await blobs.open(alice, blob);
      await files.append(blob.id, 0, bytes);
      const part = { id: blob.id, position: 500, bytes: bytes.subarray(500) };
      const state = isOpened ? await blobs.open(alice, blob) : await blobs.write(alice, part);
      expect(state).toEqual({ size: 1_000, position: 1_000 });
      expect(Buffer.from(await download(blob)).equals(bytes)).toBe(true);
    }
    const wrong = blobOf(randomBytes(10), { hash: randomBytes(32) });
    await blobs.open(alice, wrong);
    await files.append(wrong.id, 0, randomBytes(10));
    await expect(blobs.open(alice, wrong)).rejects.toMatchObject({ code: 'E_BLOB_HASH' });
    expect((await files.list()).parts).toEqual([]);
  });

  it('R1: one whose end could not be written down is not sent again', async () => {
    const bytes = randomBytes(1_000);
    const blob = blobOf(bytes);
    await blobs.open(alice, blob);
    const part = { id: blob.id, position: 0, bytes };
    store.onAsk = (name) => {
      if (name === 'finishBlob') throw new StorageError('E_STORE_FULL');
    };
    await expect(blobs.write(alice, part)).rejects.toMatchObject({ code: 'E_STORE_FULL' });
    expect(await files.list()).toEqual({ parts: [blob.id], wholes: [] });
    store.onAsk = () => undefined;
    expect(await blobs.write(alice, part)).toEqual({ size: 1_000, position: 1_000 });
    expect(Buffer.from(await download(blob)).equals(bytes)).toBe(true);
  });

  it('opened again while its last part is written: it is whole, and stays so', async () => {
    const bytes = randomBytes(1_000);
    const blob = blobOf(bytes);
    await blobs.open(alice, blob);
    const last = blobs.write(alice, { id: blob.id, position: 0, bytes });
    const again = blobs.open(alice, blob);
    await last;
    expect(await again).toEqual({ size: 1_000, position: 1_000 });
    expect(await blobs.write(alice, { id: blob.id, position: 0, bytes })).toEqual({ size: 1_000, position: 1_000 });
    expect(Buffer.from(await download(blob)).equals(bytes)).toBe(true);
  });

  it('one whose time is over is opened as a new one, before a sweep came to it', async () => {
    const bytes = randomBytes(1_000);
    const blob = await upload(bytes, { ttlMs: 60_000 });
    now += 60_000;
    expect(await blobs.open(alice, blob)).toEqual({ size: 1_000, position: 0 });
    await blobs.write(alice, { id: blob.id, position: 0, bytes });
    expect(Buffer.from(await download(blob)).equals(bytes)).toBe(true);
    now += 60_000;
    await blobs.sweep();
    expect(await files.list()).toEqual({ parts: [], wholes: [] });
  });

  it.each(['finishBlob', 'openBlob', 'dropBlob'] as const)(
    'a crash before %s leaves nothing that is wrong',
    async (step) => {
      const bytes = randomBytes(100_000);
      const blob = blobOf(bytes, step === 'dropBlob' ? { hash: randomBytes(32) } : {});
      store.onAsk = (name) => {
        if (name === step) throw new StorageError('E_STORE_UNAVAILABLE');
      };
      await expect(upload(bytes, blob)).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
      store.onAsk = () => undefined;
      blobs.stop();
      await open();
      if (step === 'dropBlob') {
        await expect(blobs.read(blob.id, 0, 1)).rejects.toMatchObject({ code: 'E_BLOB_NOT_FOUND' });
        return;
      }
      await upload(bytes, blob);
      expect(Buffer.from(await download(blob)).equals(bytes)).toBe(true);
    },
  );
});

describe('blobs on a disk', () => {
  beforeEach(async () => {
    files = new DiskBlobFiles(join(folder, 'blobs'));
    await open();
  });

  it('E16: folders are for the server only, and files are named after what is in them', async () => {
    const { hash } = await upload(randomBytes(1_000));
    const name = Buffer.from(hash).toString('hex');
    const path = join(folder, 'blobs', 'wholes', name.slice(0, 2));
    expect(readdirSync(path)).toEqual([name]);
    for (const each of [join(folder, 'blobs', 'wholes'), join(folder, 'blobs', 'parts'), path])
      expect(statSync(each).mode & 0o777).toBe(0o700);
    expect(statSync(join(path, name)).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'blobs', 'parts'))).toEqual([]);
  });

  it('files that no row knows are removed at the start, and those of others stay', async () => {
    const kept = await upload(randomBytes(1_000));
    // From here on nothing looks for what has no row.
    blobs.stop();
    await files.append(randomBytes(16), 0, randomBytes(10));
    const id = randomBytes(16);
    await files.append(id, 0, randomBytes(10));
    await files.keep(id, randomBytes(32));
    await open();
    await eventually('that they are gone', async () => {
      const { parts, wholes } = await files.list();
      return parts.length === 0 && wholes.length === 1;
    });
    expect(await download(kept)).toHaveLength(1_000);
  });

  it('what is not named as blobs are is left alone, and keeps no file of ours from being removed', async () => {
    const others = [join('parts', 'abcd'), join('wholes', '.DS_Store')].map((name) => join(folder, 'blobs', name));
    for (const path of others) writeFileSync(path, 'of others');
    blobs.stop();
    const id = randomBytes(16);
    await files.append(id, 0, randomBytes(10));
    await files.keep(id, randomBytes(32));
    expect(await files.list()).toMatchObject({ parts: [], wholes: [expect.anything()] });
    await open();
    await eventually('that it is gone', async () => (await files.list()).wholes.length === 0);
    for (const path of others) expect(statSync(path).size).toBe(9);
  });

  it('a disk without room is told, with the time to come back, before anything is written', async () => {
    await open({ freeBytesMin: Number.MAX_SAFE_INTEGER });
    await expect(upload(randomBytes(10))).rejects.toMatchObject({ code: 'E_STORE_FULL', retryAfterMs: 60_000 });
  });

  it('B1: what uploads that go on take leaves the room that is for everything else', async () => {
    const [first, second] = [randomBytes(1_000), randomBytes(1_000)];
    let free = 2_500;
    jest.spyOn(files, 'freeBytes').mockImplementation(() => Promise.resolve(free));
    await open({ freeBytesMin: 1_500 });
    const both = [blobOf(first), blobOf(second)] as const;
    for (const blob of both) await blobs.open(alice, blob);
    await blobs.write(alice, { id: both[0].id, position: 0, bytes: first });
    free -= first.length;
    const part = { id: both[1].id, position: 0, bytes: second };
    await expect(blobs.write(alice, part)).rejects.toMatchObject({ code: 'E_STORE_FULL', retryAfterMs: 60_000 });
    free += first.length;
    await blobs.write(alice, part);
    expect(Buffer.from(await download(both[1])).equals(second)).toBe(true);
  });

  it('S6: a part that has another size than is known stays as it is', async () => {
    const id = randomBytes(16);
    // Where nobody looks for what has no row.
    const apart = new DiskBlobFiles(join(folder, 'apart'));
    await apart.open();
    await apart.append(id, 0, randomBytes(100));
    for (const position of [50, 200]) {
      await expect(apart.append(id, position, randomBytes(10))).rejects.toMatchObject({ code: 'E_STORAGE' });
      expect(await apart.partBytes(id)).toBe(100);
    }
  });

  it('S8: a folder that is gone is a named error', async () => {
    rmSync(join(folder, 'blobs', 'parts'), { recursive: true });
    await expect(upload(randomBytes(10))).rejects.toMatchObject({ code: 'E_STORAGE' });
  });
});

describe('blobs in memory that is full', () => {
  it('B1: refuses with the time to come back, and goes on where it was', async () => {
    files = new MemoryBlobFiles({ bytesMax: 1_000 });
    await open();
    const bytes = randomBytes(1_500);
    const blob = blobOf(bytes);
    await blobs.open(alice, blob);
    await blobs.write(alice, { id: blob.id, position: 0, bytes: bytes.subarray(0, 800) });
    const second = { id: blob.id, position: 800, bytes: bytes.subarray(800) };
    await expect(blobs.write(alice, second)).rejects.toMatchObject({ code: 'E_STORE_FULL' });
    expect(await blobs.open(alice, blob)).toMatchObject({ position: 800 });
  });
});
