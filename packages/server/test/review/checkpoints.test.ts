/** Checkpoints that are written while others publish, and a crash after them. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { MemoryDisk, MemoryStore, type NewEvent, type Store } from '../../src/store/index.ts';
import { eventually } from '../eventually.ts';

const DIRECT = { kind: 'agent', agentId: 'bob' } as const;
const listener = { onQueues() {}, onAgentLost() {}, onHealth() {}, onIncident() {} };
const stores: MemoryStore[] = [];

afterEach(() => {
  for (const store of stores.splice(0)) store.crash();
});

async function open(disk: MemoryDisk): Promise<MemoryStore> {
  const store = new MemoryStore({ disk, checkpointBytes: 1 });
  stores.push(store);
  await store.open(listener);
  return store;
}

function event(number: number, more: Partial<NewEvent> = {}): NewEvent {
  return {
    id: `id-${number}`,
    from: 'agent:pub',
    to: 'agent:bob',
    contentType: null,
    body: new Uint8Array(32),
    publishedAt: Date.now(),
    expiresAt: Number.MAX_SAFE_INTEGER,
    dueAt: 0,
    durability: 'durable',
    dedup: {
      kind: 'number',
      producer: { agentId: 'pub', producerId: 'outbox_________1' },
      number,
      settledNumber: 0,
    },
    ...more,
  };
}

async function publish(store: Store, count: number, about: { first?: number } & Partial<NewEvent> = {}) {
  const { first = 1, ...more } = about;
  const results = [];
  for (let at = first; at < first + count; at += 20) {
    const events = Array.from({ length: Math.min(20, first + count - at) }, (_, index) => event(at + index, more));
    results.push(...(await store.publish(events)));
  }
  return results.map((result) => (result.status === 'refused' ? result.code : result.sequence));
}

describe('checkpoints while others publish', () => {
  it('E6: after a crash every number is answered with the receipt that it had', async () => {
    const disk = new MemoryDisk();
    const store = await open(disk);
    await store.openQueue(DIRECT);
    const before = await publish(store, 8_000);
    store.crash();
    const next = await open(disk);
    const after = await publish(next, 8_000);
    expect(after.filter((sequence, index) => sequence !== before[index])).toEqual([]);
    expect(next.figures().waiting).toBe(8_000);
  });

  it.each(['close', 'crash'] as const)(
    'E6, R3: an outbox that is silent since a checkpoint is still known after a %s',
    async (end) => {
      const disk = new MemoryDisk();
      const store = await open(disk);
      await store.openQueue(DIRECT);
      const before = await publish(store, 100);
      // Others go on: what the first one published stands in checkpoints alone by now.
      const producer = { agentId: 'pub', producerId: 'outbox_________2' };
      for (let number = 1; number <= 4_000; number += 100) {
        const dedup = { kind: 'number', producer, number, settledNumber: 0 } as const;
        await store.publish([event(1_000 + number, { dedup })]);
      }
      if (end === 'close') await store.close();
      else store.crash();
      const next = await open(disk);
      expect(await next.producerNumber({ agentId: 'pub', producerId: 'outbox_________1' })).toBe(100);
      expect(await publish(next, 100)).toEqual(before);
      expect(next.figures().waiting).toBe(140);
    },
  );

  it('2.0.11: after a crash a delayed event is there once', async () => {
    const disk = new MemoryDisk();
    const store = await open(disk);
    await store.openQueue(DIRECT);
    const dueAt = Date.now() + 1_500;
    for (let first = 1; first <= 6_000; first += 120) {
      await publish(store, 100, { first });
      await publish(store, 20, { first: first + 100, dueAt });
    }
    store.crash();
    const next = await open(disk);
    await new Promise((resolve) => setTimeout(resolve, dueAt + 500 - Date.now()));
    await eventually('all are there', () => next.figures().waiting >= 6_000);
    expect(next.figures().waiting).toBe(6_000);
  });
});
