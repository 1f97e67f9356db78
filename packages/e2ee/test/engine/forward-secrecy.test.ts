import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EPOCHS_BEHIND_MAX } from '@sealane/shared/packets';
import { E2eeEngine } from '../../src/engine/index.ts';
import { nodeMlsCrypto } from '../../src/crypto-node/index.ts';
import { SqliteStorage } from '../../src/sqlite/index.ts';
import type { TestDevice } from '../../src/testing/index.ts';
import { makePair, openText, renew, sealText, textOf, type Pair } from './pair.ts';

let folder: string;
let pair: Pair;
const fileOf = (name: string): string => join(folder, `${name}.db`);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealane-secrecy-'));
  pair = await makePair((name) => SqliteStorage.open(fileOf(name)));
});
afterEach(async () => {
  await pair.anna.engine.storage.close();
  await pair.bert.engine.storage.close();
  rmSync(folder, { recursive: true });
});

/** What somebody who takes the file of a device, and its signing key, reads of messages. */
async function readSeized({ device }: TestDevice, messages: readonly Uint8Array[]): Promise<string[]> {
  const seized = fileOf('seized');
  for (const suffix of ['', '-wal']) {
    if (existsSync(fileOf('bert') + suffix)) copyFileSync(fileOf('bert') + suffix, seized + suffix);
  }
  const storage = await SqliteStorage.open(seized);
  const judge = { judge: () => 'listed' as const };
  const engine = new E2eeEngine({
    ...{ storage, crypto: nodeMlsCrypto, device, judge },
    now: () => Date.now(),
    random: (size) => new Uint8Array(size),
  });
  const texts: string[] = [];
  for (const message of messages) {
    texts.push(textOf(await storage.transaction((transaction) => engine.open(transaction, pair.group, message))));
  }
  await storage.close();
  return texts;
}

describe('a seized device', () => {
  it('D3: opens what it has not read, and nothing that it has read', async () => {
    const { anna, bert, group } = pair;
    const messages: Uint8Array[] = [];
    for (let index = 0; index < 6; index++) messages.push(await sealText(anna, group, `message ${index}`));
    // The second is late; the rest was read.
    for (const index of [0, 2, 3, 4]) expect(await openText(bert, group, messages[index]!)).toBe(`message ${index}`);
    expect(await readSeized(bert, messages)).toEqual([
      'lost: replayed',
      'message 1',
      'lost: replayed',
      'lost: replayed',
      'lost: replayed',
      'message 5',
    ]);
  });

  it('D3: holds no key in its rows from which one of a message that was read follows', async () => {
    const { anna, bert, group } = pair;
    const first = await sealText(anna, group, 'first');
    const ratchetsBefore = await rowsOf(bert);
    expect(await openText(bert, group, first)).toBe('first');
    const ratchetsAfter = await rowsOf(bert);
    const changed = ratchetsBefore.filter((row) => !ratchetsAfter.includes(row));
    expect(changed).toHaveLength(1);
    await bert.restart();
    const file = readFileSync(fileOf('bert'));
    // The secret is at the beginning of the row, behind its length.
    const isThere = (row: string): boolean => file.includes(Buffer.from(row, 'hex').subarray(2, 66));
    expect([changed.some(isThere), ratchetsAfter.some(isThere)]).toEqual([false, true]);
  });

  it('D3, E6: opens what the server still takes, and nothing of an epoch before that', async () => {
    const { anna, bert, group } = pair;
    const old = await sealText(anna, group, 'old');
    const late = await sealText(anna, group, 'late');
    for (let count = 0; count < EPOCHS_BEHIND_MAX; count++) await renew(pair, anna, bert);
    expect(await openText(bert, group, late)).toBe('late');
    await renew(pair, bert, anna);
    expect(await readSeized(bert, [old])).toEqual(['lost: epoch-gone']);
  });

  it('D3: reads nothing after the other side renewed its keys and this one did, too', async () => {
    const { anna, bert, group } = pair;
    await readSeized(bert, []);
    await renew(pair, bert, anna);
    const after = await sealText(anna, group, 'after');
    expect(await openText(bert, group, after)).toBe('after');
    const storage = await SqliteStorage.open(fileOf('seized'));
    const judge = { judge: () => 'listed' as const };
    const engine = new E2eeEngine({
      ...{ storage, crypto: nodeMlsCrypto, device: bert.device, judge },
      now: () => Date.now(),
      random: (size) => new Uint8Array(size),
    });
    const opened = await storage.transaction((transaction) => engine.open(transaction, group, after));
    await storage.close();
    expect(opened).toEqual({ state: 'waiting', reason: 'epoch-ahead' });
  });
});

async function rowsOf(device: TestDevice): Promise<string[]> {
  const rows = await device.step((_engine, transaction) => transaction.list('mls.ratchets'));
  return rows.map(({ ratchet }) => Buffer.from(ratchet as Uint8Array).toString('hex'));
}
