import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { MemoryStorage } from './memory-storage.ts';
import { SealedStorage, type RowCipher } from './sealed-storage.ts';
import { storageCompliance } from './storage.compliance.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const cipherOf = (key: Uint8Array): RowCipher => ({
  seal(row, place) {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(place);
    return Buffer.concat([nonce, cipher.update(row), cipher.final(), cipher.getAuthTag()]);
  },
  open(sealed, place) {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES)).setAAD(place);
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    } catch {
      return undefined;
    }
  },
});

describe('SealedStorage', () => {
  storageCompliance(
    () =>
      Promise.resolve({
        open: () => Promise.resolve(new SealedStorage(new MemoryStorage(), cipherOf(randomBytes(32)))),
        isDurable: false,
        dispose: () => Promise.resolve(),
      }),
    { it, expect },
  );

  it('keeps nothing in clear, and opens nothing with another key', async () => {
    const inner = new MemoryStorage();
    const sealed = new SealedStorage(inner, cipherOf(randomBytes(32)));
    await sealed.transaction((transaction) => transaction.put('things', ['a'], { text: 'geheimnis' }));
    expect(inner.dump().some((row) => Buffer.from(row).includes('geheimnis'))).toBe(false);
    const other = new SealedStorage(inner, cipherOf(randomBytes(32)));
    const opened = other.transaction((transaction) => transaction.get('things', ['a']));
    await expect(opened).rejects.toMatchObject({ code: 'E_PASSPHRASE' });
  });

  it('does not open a row that was moved to another key', async () => {
    const inner = new MemoryStorage();
    const sealed = new SealedStorage(inner, cipherOf(randomBytes(32)));
    await sealed.transaction((transaction) => transaction.put('things', ['a'], { text: 'of a' }));
    await inner.transaction(async (transaction) => {
      await transaction.put('things', ['b'], (await transaction.get('things', ['a']))!);
    });
    const opened = sealed.transaction((transaction) => transaction.get('things', ['b']));
    await expect(opened).rejects.toMatchObject({ code: 'E_PASSPHRASE' });
  });

  it('nor lists one that was moved, or repeated', async () => {
    for (const [from, to] of [
      ['a', 'c'],
      ['c', 'a'],
      ['b', 'bb'],
      ['a', 'b'],
    ] as const) {
      const inner = new MemoryStorage();
      const sealed = new SealedStorage(inner, cipherOf(randomBytes(32)));
      await sealed.transaction(async (transaction) => {
        for (const key of ['a', 'b', 'c']) await transaction.put('things', [key], { key });
      });
      await inner.transaction(async (transaction) => {
        await transaction.put('things', [to], (await transaction.get('things', [from]))!);
      });
      for (const reverse of [true, false]) {
        const listed = sealed.transaction((transaction) => transaction.list('things', { reverse }));
        await expect(listed).rejects.toMatchObject({ code: 'E_DATA' });
      }
      const beyond = sealed.transaction((transaction) => transaction.list('things', { from: [to], limit: 1 }));
      if (from < to) await expect(beyond).rejects.toMatchObject({ code: 'E_DATA' });
    }
  });
});
