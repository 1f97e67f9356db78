/** S12: the file of a store through which much goes stays as large as what is in it asks for. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { statSync } from 'node:fs';
import type { SqliteStore, SqliteStoreOptions } from '../../src/store/index.ts';
import { childEvent } from './child-event.ts';
import { readReceiver, StoreFolder } from './store-folder.ts';

const producer = { agentId: 'sender', producerId: 'sender----------' };
const EVENTS = Number(process.env['TEST_STORE_CHURN'] ?? 40_000);
const isLong = EVENTS >= 1_000_000;
if (!isLong) console.warn(`SKIPPED S12 with 1,000,000 events, ${EVENTS} are done: TEST_STORE_CHURN=1000000 does all`);
/** The long run has the sizes of a real store. */
const options: SqliteStoreOptions = isLong ? {} : { checkpointBytes: 1_000_000, deadBytesMin: 500_000 };
const body = new Uint8Array(isLong ? 256 : 4_000);
const AT_ONCE = 250;
const SAMPLES = 40;

let space: StoreFolder;

beforeEach(() => {
  space = new StoreFolder();
});
afterEach(() => space.remove());

/** Publishes and acks one by one; every `keepEach`th stays. @returns sizes of the file, as it went. */
async function churn(store: SqliteStore, keepEach: number): Promise<readonly number[]> {
  const { queueId } = await store.openQueue({ kind: 'agent', agentId: 'receiver' });
  const lease = await store.claimAgent('receiver', 'main');
  const sizes: number[] = [];
  for (let number = 1; number <= EVENTS; number += AT_ONCE) {
    const numbers = Array.from({ length: AT_ONCE }, (_, index) => number + index);
    await store.publish(numbers.map((each) => ({ ...childEvent(producer, each), body, dedup: settledBefore(each) })));
    const acked = numbers.filter((each) => each % keepEach !== 0);
    void store.settle(
      queueId,
      acked.map((sequence) => ({ kind: 'acked', sequence })),
      lease,
    );
    if (number % (EVENTS / SAMPLES) < AT_ONCE) sizes.push(sizeOf(space.file));
  }
  await store.agentRecord('nobody');
  return sizes;
}

/** The agent has every receipt of before, as it does when it publishes on. */
function settledBefore(number: number) {
  return { kind: 'number', producer, number, settledNumber: Math.max(0, number - AT_ONCE) } as const;
}

function sizeOf(file: string): number {
  return statSync(file).size + (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0);
}

describe('S12: growth', () => {
  for (const [what, keepEach] of [
    ['all are acked', Number.POSITIVE_INFINITY],
    ['a few of each batch are never fetched', 200],
  ] as const) {
    it(`S12: ${EVENTS} events, ${what}: a plateau`, async () => {
      const { store } = await space.open(options);
      const sizes = await churn(store, keepEach);
      const middle = Math.floor(sizes.length / 2);
      const first = Math.max(...sizes.slice(0, middle));
      const second = Math.max(...sizes.slice(middle));
      const kept = Math.floor(EVENTS / keepEach);
      if (isLong) process.stdout.write(`S12: ${sizes.map((size) => Math.round(size / 2 ** 20)).join(' ')} MiB\n`);
      // What is kept grows, and may; nothing else does.
      expect(second).toBeLessThan(first * 1.15 + kept * (body.length + 500));
      await store.close();
      const { store: next, ears } = await space.open(options);
      expect(next.figures().waiting).toBe(kept);
      const numbers = (await readReceiver(next)).map(({ sequence }) => sequence);
      expect(numbers).toEqual(Array.from({ length: kept }, (_, index) => (index + 1) * keepEach));
      expect(ears.incidents).toEqual([]);
    }, 600_000);
  }
});
