import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { IdentityKeys } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { StorageError } from '@sealane/shared/errors';
import {
  decodeInclusion,
  decodeMapProof,
  decodePath,
  entryHash,
  mapKey,
  verifyConsistency,
  verifyInclusion,
  verifyMapProof,
  verifyTreeHead,
  type DirectoryRecord,
  type TreeHead,
} from '@sealane/shared/transparency';
import { MemoryMessagingStore } from '../store/memory-messaging-store.ts';
import { TransparencyLog, type ProvedEntry, type ProvedHead } from './transparency-log.ts';

const crypto = nativeCrypto;
let signer = new IdentityKeys(crypto, new Uint8Array(randomBytes(32)));
let store: MemoryMessagingStore;
let log: TransparencyLog;
/** Index of the newest entry of each name. */
let entries: Map<string, number>;

async function restart(): Promise<TransparencyLog> {
  const made = new TransparencyLog({ store, crypto, signer: () => signer, wallClock: () => 1_800_000_000_000 });
  await made.start();
  return made;
}

beforeEach(async () => {
  signer = new IdentityKeys(crypto, new Uint8Array(randomBytes(32)));
  store = new MemoryMessagingStore();
  await store.open(() => undefined);
  log = await restart();
  entries = new Map();
});

afterEach(async () => {
  await store.close();
});

function hash(text: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(text).digest());
}

function recordOf(username: string, count: number): DirectoryRecord {
  return { accountId: hash(username), username, count, statementHash: hash(`${username} ${count}`) };
}

/** An account says something. */
async function append(username: string, count = 1): Promise<string> {
  const account = count === 1 ? { username, password: null, at: 0, tokenId: null } : undefined;
  const about = { accountId: hash(username), count: count - 1, statements: [hash(`${count}`)], devices: [] };
  return await log.append(recordOf(username, count), async (nodes) => {
    const outcome = await store.ask('addStatements', { ...about, account, nodes });
    if (outcome === 'stored') entries.set(username, nodes.treeSize - 1);
    return outcome;
  });
}

async function entryOf(username: string, knownSize = 0): Promise<ProvedEntry> {
  const proved = await log.entrySince(knownSize, () =>
    Promise.resolve({ entry: entries.get(username) ?? Number.NaN, username }),
  );
  if (proved === undefined) throw new Error('there is no entry');
  return proved.proof;
}

function headOf({ head }: ProvedHead): TreeHead {
  const read = verifyTreeHead(crypto, head, signer.signingPublicKey);
  if (read === undefined) throw new Error('the head is not signed by the server');
  return read;
}

function isConsistent(before: TreeHead, { head, consistency }: ProvedHead): boolean {
  const after = headOf({ head, consistency });
  const path = decodePath(consistency);
  if (path === undefined) return false;
  const sizes = { oldSize: before.treeSize, newSize: after.treeSize };
  return verifyConsistency(crypto, { ...sizes, oldRoot: before.root, newRoot: after.root, path });
}

/** Checks an entry as a client does. */
function expectProved(record: DirectoryRecord, proof: ProvedEntry): void {
  const head = headOf(proof);
  const leaf = entryHash(crypto, record);
  const inclusion = decodeInclusion(proof.inclusion);
  if (inclusion === undefined) throw new Error('this is no inclusion');
  const { treeSize, root, mapRoot } = head;
  expect(verifyInclusion(crypto, { ...inclusion, treeSize, leaf, root })).toBe(true);
  const key = mapKey(crypto, record.username);
  const latest = decodeMapProof(proof.latest, key);
  if (latest === undefined) throw new Error('this is no proof of the map');
  const value = { count: record.count, entryHash: leaf };
  expect(verifyMapProof(crypto, { key, proof: latest, mapRoot })).toEqual({ ok: true, value });
}

describe('TransparencyLog', () => {
  it('C9: every entry is proved, is the newest of its account, and every head continues those before', async () => {
    const heads: TreeHead[] = [headOf(await log.headSince(0))];
    expect(heads[0]).toMatchObject({ treeSize: 0, at: 1_800_000_000 });
    const counts = new Map<string, number>();
    for (let index = 0; index < 60; index++) {
      const username = `user${(index * 7) % 20}`;
      const count = (counts.get(username) ?? 0) + 1;
      counts.set(username, count);
      expect(await append(username, count)).toBe('stored');
      heads.push(headOf(await log.headSince(0)));
    }
    expect(log.size).toBe(60);
    for (const [username, count] of counts) expectProved(recordOf(username, count), await entryOf(username));
    for (const before of heads.slice(1)) expect(isConsistent(before, await log.headSince(before.treeSize))).toBe(true);
    expect((await log.headSince(60)).consistency).toHaveLength(0);
  });

  it('C9: what an account said before is not what the map names', async () => {
    await append('alice');
    await append('alice', 2);
    const { latest, ...proof } = await entryOf('alice');
    const key = mapKey(crypto, 'alice');
    const map = decodeMapProof(latest, key);
    if (map === undefined) throw new Error('this is no proof of the map');
    const result = verifyMapProof(crypto, { key, proof: map, mapRoot: headOf(proof).mapRoot });
    expect(result).toMatchObject({ ok: true, value: { count: 2 } });
  });

  it('entries and questions that come at once get proofs of one moment each', async () => {
    await append('first');
    const known = headOf(await log.headSince(0));
    const [proofs] = await Promise.all([
      Promise.all(Array.from({ length: 20 }, () => entryOf('first', known.treeSize))),
      ...Array.from({ length: 20 }, (_, index) => append(`user${index}`)),
    ]);
    for (const proof of proofs) {
      expectProved(recordOf('first', 1), proof);
      expect(isConsistent(known, proof)).toBe(true);
    }
    expect(log.size).toBe(21);
  });

  it('a restart goes on where it was', async () => {
    for (let index = 0; index < 9; index++) await append(`user${index}`);
    const before = headOf(await log.headSince(0));
    log = await restart();
    expect(headOf(await log.headSince(0))).toEqual(before);
    await append('late');
    expect(isConsistent(before, await log.headSince(9))).toBe(true);
    expectProved(recordOf('user3', 1), await entryOf('user3'));
    expectProved(recordOf('late', 1), await entryOf('late'));
  });

  it('an entry that was not stored leaves everything as it was', async () => {
    await append('alice');
    const before = await log.headSince(0);
    expect(await append('alice')).toBe('conflict');
    await expect(
      log.append(recordOf('bob', 1), () => Promise.reject(new StorageError('E_STORAGE', 'the disk is full'))),
    ).rejects.toMatchObject({ code: 'E_STORAGE' });
    expect(headOf(await log.headSince(0))).toEqual(headOf(before));
    await append('carol');
    expectProved(recordOf('carol', 1), await entryOf('carol'));
    expectProved(recordOf('alice', 1), await entryOf('alice'));
    expect(isConsistent(headOf(before), await log.headSince(1))).toBe(true);
  });

  it('refuses a head that it never made', async () => {
    await append('alice');
    await expect(log.headSince(2)).rejects.toThrow(RangeError);
    await expect(entryOf('alice', 2)).rejects.toThrow(RangeError);
    expect(headOf(await log.headSince(1)).treeSize).toBe(1);
  });

  it('signs anew when the server has another key, and once for a size', async () => {
    await append('alice');
    const first = await log.headSince(0);
    expect((await log.headSince(0)).head).toEqual(first.head);
    signer = new IdentityKeys(crypto, new Uint8Array(randomBytes(32)));
    expect(headOf(await log.headSince(0)).treeSize).toBe(1);
  });
});
