/**
 * A device that ends between any two steps: its storage and its connection stop at a random moment, as with kill -9, and the
 * next process goes on with what was written. Seeds make each run replayable.
 */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { StorageError } from '@sealane/shared/errors';
import type { Storage, Transaction } from '@sealane/e2ee/storage';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { nodeMlsCrypto } from '@sealane/e2ee/crypto-node';
import { SqliteStorage } from '@sealane/e2ee/sqlite';
import { systemRandom } from '@sealane/node/transport';
import { join } from 'node:path';
import { MemoryLocks } from '../../src/messaging/locks.ts';
import { MessagingClient } from '../../src/messaging/messaging-client.ts';
import { World, type TestDevice } from './world.ts';

const SEEDS = 12;
const MESSAGES = 10;

jest.setTimeout(60_000);

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.dispose());

/** A storage that dies with its process: before or after the commit of the transaction with this number. */
class MortalStorage implements Storage {
  readonly #inner: Storage;
  readonly #lastBefore: number;
  #count = 0;
  isDead = false;

  constructor(inner: Storage, lastBefore: number) {
    this.#inner = inner;
    this.#lastBefore = lastBefore;
  }

  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    if (this.isDead) throw new StorageError('E_STORAGE', 'killed');
    const isLast = ++this.#count === this.#lastBefore;
    const result = await this.#inner.transaction(async (tx) => {
      const value = await work(tx);
      if (isLast && this.#lastBefore % 2 === 0) this.isDead = true;
      if (this.isDead) throw new StorageError('E_STORAGE', 'killed');
      return value;
    });
    if (isLast) this.isDead = true;
    if (this.isDead) throw new StorageError('E_STORAGE', 'killed');
    return result;
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

/** Opens a device whose process ends after so many transactions. */
async function openMortal(device: TestDevice, transactions: number): Promise<MortalStorage> {
  const storage = new MortalStorage(await SqliteStorage.open(join(device.directory, 'messages.db')), transactions);
  const own = {
    crypto: nativeCrypto,
    mls: nodeMlsCrypto,
    random: systemRandom,
    now: Date.now,
    receipts: 'all',
  } as const;
  const connection = {
    ...device.connection,
    call: ((...ask: Parameters<typeof device.connection.call>) => {
      if (storage.isDead) throw new StorageError('E_STORAGE', 'killed');
      return device.connection.call(...ask);
    }) as typeof device.connection.call,
  };
  device.client = new MessagingClient({ ...own, connection, storage, locks: new MemoryLocks() });
  await device.client.open();
  return storage;
}

describe('a device that is killed', () => {
  test('E8: nothing is lost and nothing comes twice, wherever the process ends', async () => {
    const alice = await world.account('alice');
    const bob = await world.account('bobby');
    await Promise.all([alice.client.sync(), bob.client.sync()]);
    const chat = await alice.client.conversationWith('bobby');
    await alice.client.sendAndWait(chat, { text: 'first' });
    await world.until('first', async () => (await bob.texts('@alice')).includes('first'));
    const written: string[] = ['first'];
    for (let seed = 1; seed <= SEEDS; seed++) {
      await alice.client.close();
      const storage = await openMortal(alice, 5 + ((seed * 7) % 90));
      try {
        await alice.client.sync();
        for (let index = 0; index < MESSAGES && !storage.isDead; index++) {
          const text = `seed ${seed} message ${index}`;
          await alice.client.sendAndWait(chat, { text });
        }
      } catch {
        // Killed.
      }
      await alice.client.close().catch(() => undefined);
      await alice.open();
      const here = await alice.texts(chat);
      written.push(...here.slice(written.length));
    }
    await alice.client.sync();
    await alice.client.flush();
    await world.until('all at bob', async () => {
      const states = await bob.states('@alice');
      return states.length >= written.length && !states.includes('waiting');
    });
    expect(await bob.texts('@alice')).toEqual(written);
    expect(written.length).toBeGreaterThan(SEEDS);
    expect((await alice.states(chat)).every((state) => state === 'sent' || state === 'delivered')).toBe(true);
  }, 120_000);
});
