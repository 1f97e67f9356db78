/**
 * The compliance suite of the `Storage` port: every storage runs it. It is no test file itself; the caller hands in
 * jest's functions, so that nothing of jest is loaded outside tests.
 */
import type { expect as jestExpect, it as jestIt } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeKey, type Key } from './key.ts';
import type { Row } from './row.ts';
import type { ListOptions, Storage, Transaction } from './storage.ts';

/** The functions of jest that the suite needs. */
export interface TestFunctions {
  readonly it: typeof jestIt;
  readonly expect: typeof jestExpect;
}

/** A place for storages: each `open` gives one over what the ones before left. */
export interface StorageHarness {
  open(): Promise<Storage>;
  /** Whether what was closed is still there when it is opened again. */
  readonly isDurable: boolean;
  dispose(): Promise<void>;
}

/** Registers the suite for the storages that `factory` makes. */
export function storageCompliance(factory: () => Promise<StorageHarness>, functions: TestFunctions): void {
  const { it, expect } = functions;
  const register = (title: string, body: (storage: Storage, harness: StorageHarness) => Promise<void>): void =>
    it(title, async () => {
      const harness = await factory();
      const storage = await harness.open();
      try {
        await body(storage, harness);
      } finally {
        await storage.close();
        await harness.dispose();
      }
    });
  rowCases(register, expect);
  listCases(register, expect);
  damageCases(register, expect);
  transactionCases(register, expect);
}

type Register = (title: string, body: (storage: Storage, harness: StorageHarness) => Promise<void>) => void;
type Expect = TestFunctions['expect'];

function rowCases(register: Register, expect: Expect): void {
  register('keeps a row as it was, in a copy', async (storage) => {
    const bytes = Uint8Array.of(0, 1, 255);
    const row: Row = { text: 'größer\0', whole: -5, fraction: 0.5, bytes, nothing: null, empty: '' };
    await storage.transaction(async (transaction) => {
      await transaction.put('things', ['a'], row);
      bytes.fill(9);
    });
    const found = await storage.transaction((transaction) => transaction.get('things', ['a']));
    expect(found).toEqual({ ...row, bytes: Uint8Array.of(0, 1, 255) });
  });

  register('knows no row that was never put, or that was deleted', async (storage) => {
    const found = await storage.transaction(async (transaction) => {
      await transaction.put('things', ['a'], { n: 1 });
      await transaction.put('other', ['a'], { n: 2 });
      await transaction.delete('things', ['a']);
      await transaction.delete('things', ['never']);
      return [await transaction.get('things', ['a']), await transaction.get('other', ['a'])];
    });
    expect(found).toEqual([undefined, { n: 2 }]);
  });

  register('puts over the row that is there', async (storage) => {
    await storage.transaction((transaction) => transaction.put('things', [1, 'a'], { n: 1, old: 1 }));
    await storage.transaction((transaction) => transaction.put('things', [1, 'a'], { n: 2 }));
    const rows = await storage.transaction((transaction) => transaction.list('things'));
    expect(rows).toEqual([{ n: 2 }]);
  });
}

/** In the order that the port promises. */
const ORDERED: readonly Key[] = [
  [],
  [-3],
  [-3, 'a'],
  [0],
  [255],
  [256],
  [2 ** 40],
  [''],
  ['', 1],
  ['a'],
  ['a', Uint8Array.of(0)],
  ['a', Uint8Array.of(0, 0)],
  ['a', Uint8Array.of(1)],
  ['a\0'],
  ['aa'],
  ['ä'],
  ['\u{ffff}'],
  ['\u{1f600}'],
  [Uint8Array.of()],
  [Uint8Array.of(0, 255)],
  [Uint8Array.of(1)],
];

function damageCases(register: Register, expect: Expect): void {
  register('takes out what is not what its table holds, and nothing else', async (storage) => {
    const left = await storage.transaction(async (transaction) => {
      for (const n of [1, 2, 3]) await transaction.put('things', [n], { n });
      await transaction.put('others', [2], { n: 2 });
      expect(await transaction.takeDamaged('things')).toEqual([]);
      const taken = await transaction.takeDamaged('things', ({ n }, key) => n !== 2 || key.length === 0);
      expect(taken.map(({ key }) => [...key])).toEqual([[...encodeKey([2])]]);
      return [await transaction.list('things'), await transaction.list('others')];
    });
    expect(left).toEqual([[{ n: 1 }, { n: 3 }], [{ n: 2 }]]);
  });
}

function listCases(register: Register, expect: Expect): void {
  const list = async (storage: Storage, options?: ListOptions): Promise<unknown[]> => {
    const rows = await storage.transaction(async (transaction) => {
      for (const [index, key] of [...ORDERED.entries()].reverse()) await transaction.put('things', key, { index });
      await transaction.put('thing', ['a'], { index: -1 });
      return await transaction.list('things', options);
    });
    return rows.map(({ index }) => index);
  };
  const all = [...ORDERED.keys()];
  const cases: readonly [string, ListOptions | undefined, readonly number[]][] = [
    ['all of it', undefined, all],
    ['backwards', { reverse: true }, all.toReversed()],
    ['some', { limit: 2 }, [0, 1]],
    ['the last', { limit: 1, reverse: true }, [20]],
    ['a prefix', { prefix: ['a'] }, [9, 10, 11, 12]],
    ['a prefix from a key on', { prefix: ['a'], from: ['a', Uint8Array.of(0, 0)] }, [11, 12]],
    ['from one key to before another', { from: [0], to: [256] }, [3, 4]],
    ['a prefix that nothing has', { prefix: ['b'] }, []],
  ];
  for (const [title, options, expected] of cases) {
    register(`lists in the order of keys: ${title}`, async (storage) => {
      expect(await list(storage, options)).toEqual(expected);
    });
  }

  register('deletes a range', async (storage) => {
    await list(storage);
    const left = await storage.transaction(async (transaction) => {
      await transaction.deleteRange('things', { prefix: ['a'] });
      await transaction.deleteRange('things', { from: ['aa'] });
      return [...(await transaction.list('things')), ...(await transaction.list('thing'))];
    });
    expect(left.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 13, -1]);
  });
}

function transactionCases(register: Register, expect: Expect): void {
  register('leaves nothing of a transaction that failed', async (storage) => {
    await storage.transaction((transaction) => transaction.put('things', ['a'], { n: 1 }));
    const failed = storage.transaction(async (transaction) => {
      await transaction.put('things', ['a'], { n: 2 });
      await transaction.put('things', ['b'], { n: 3 });
      await transaction.delete('things', ['a']);
      throw new RangeError('on purpose');
    });
    await expect(failed).rejects.toThrow('on purpose');
    const rows = await storage.transaction((transaction) => transaction.list('things'));
    expect(rows).toEqual([{ n: 1 }]);
  });

  register('takes nothing of a transaction that has ended', async (storage) => {
    let kept: Transaction | undefined;
    await storage.transaction((transaction) => Promise.resolve(void (kept = transaction)));
    const late = async (): Promise<void> => await kept?.put('things', ['late'], { n: 1 });
    await expect(late()).rejects.toThrow('has ended');
    expect(await storage.transaction((transaction) => transaction.list('things'))).toEqual([]);
  });

  register('gives back what the work gives, and sees its own writes', async (storage) => {
    const result = await storage.transaction(async (transaction) => {
      await transaction.put('things', ['a'], { n: 1 });
      return await transaction.get('things', ['a']);
    });
    expect(result).toEqual({ n: 1 });
  });

  register('lets no transaction run beside another one', async (storage, harness) => {
    const second = harness.isDurable ? await harness.open() : storage;
    const add = (target: Storage): Promise<void> =>
      target.transaction(async (transaction) => {
        const before = await transaction.get('counters', ['only']);
        await sleep(1);
        await transaction.put('counters', ['only'], { n: Number(before?.['n'] ?? 0) + 1 });
      });
    await Promise.all(Array.from({ length: 40 }, (_, index) => add(index % 2 === 0 ? storage : second)));
    const counter = await storage.transaction((transaction) => transaction.get('counters', ['only']));
    expect(counter).toEqual({ n: 40 });
    if (second !== storage) await second.close();
  });

  register('has after opening again what was written before', async (storage, harness) => {
    if (!harness.isDurable) return;
    await storage.transaction((transaction) => transaction.put('things', ['a'], { n: 1 }));
    await storage.close();
    const again = await harness.open();
    const row = await again.transaction((transaction) => transaction.get('things', ['a']));
    await again.close();
    expect(row).toEqual({ n: 1 });
  });
}
