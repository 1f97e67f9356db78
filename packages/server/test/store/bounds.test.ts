/** R10: what one publisher may fill, and numbers of queues beyond 31 bits. */
import { describe, expect, it } from '@jest/globals';
import { MemoryDisk, MemoryStore, type NewEvent } from '../../src/store/index.ts';
import { DELAYED_EVENTS_PER_PUBLISHER_MAX } from '../../src/store/limits.ts';
import { Ears } from '../../src/store/testing/harness.compliance.ts';

const FAR = 1_000_000_000;

async function open(disk: MemoryDisk, eventsMax = 1_000_000): Promise<MemoryStore> {
  const store = new MemoryStore({ disk, limits: { eventsMax, bytesMax: 2 ** 40, retentionMs: 2 ** 40 } });
  await store.open(new Ears());
  return store;
}

function eventOf(agentId: string, number: number, delayMs: number): NewEvent {
  const producer = { agentId, producerId: agentId.padEnd(16, '-') };
  return {
    ...{ id: `${number}`, from: `agent:${agentId}`, to: 'topic:a.b', contentType: null, body: new Uint8Array(8) },
    ...{ publishedAt: Date.now(), expiresAt: Number.MAX_SAFE_INTEGER, durability: 'durable' },
    dueAt: delayMs === 0 ? 0 : Date.now() + delayMs,
    dedup: { kind: 'number', producer, number, settledNumber: number - 1 },
  };
}

describe('delayed events', () => {
  it('R10: one publisher fills its share and no more, also after a crash and over a checkpoint; others go on', async () => {
    const disk = new MemoryDisk();
    let store = await open(disk);
    const numbers = Array.from({ length: DELAYED_EVENTS_PER_PUBLISHER_MAX }, (_, index) => index + 1);
    const results = await store.publish(numbers.map((number) => eventOf('ann', number, FAR)));
    expect(results.every(({ status }) => status === 'stored')).toBe(true);
    for (const end of ['crash', 'close'] as const) {
      const next = DELAYED_EVENTS_PER_PUBLISHER_MAX + 1;
      const full = { status: 'refused', code: 'E_QUEUE_FULL', retryAfterMs: 5_000 };
      expect(await store.publish([eventOf('ann', next, FAR)])).toEqual([full]);
      expect(await store.publish([eventOf(`bob-${end}`, 1, FAR)])).toMatchObject([{ status: 'stored' }]);
      if (end === 'crash') store.crash();
      else await store.close();
      store = await open(disk);
    }
    expect(await store.publish([eventOf('ann', 200_001, FAR)])).toMatchObject([{ code: 'E_QUEUE_FULL' }]);
    // What is not delayed is no matter of this share.
    expect(await store.publish([eventOf('ann', 200_002, 0)])).toMatchObject([{ status: 'stored' }]);
    store.crash();
  }, 30_000);
});

describe('queues beyond number 2^31', () => {
  it('they are told apart from full ones, over crashes and checkpoints', async () => {
    const disk = new MemoryDisk();
    disk.mark = { ...disk.mark, nextQueueIndex: 2 ** 31 - 3, nextProducerIndex: 2 ** 32 - 1 };
    let store = await open(disk, 2);
    const agents = ['a', 'b', 'c', 'd', 'e', 'f'];
    const specs = agents.map((agentId) => ({ kind: 'subscription', agentId, pattern: 'a.*' }) as const);
    for (const spec of specs) await store.openQueue(spec);
    for (let number = 1; number <= 3; number++)
      await store.publish([eventOf('ann', number, 0), eventOf('bob', number, 0)]);
    for (const end of ['crash', 'close', 'close'] as const) {
      for (const spec of specs) {
        const info = await store.openQueue(spec);
        expect([spec.agentId, info.nextSequence, info.waiting]).toEqual([spec.agentId, 7, 2]);
        const lease = await store.claimAgent(spec.agentId, 'main');
        const items = await store.read(info.queueId, { after: 0, limit: 10, bytesMax: 10_000 }, lease);
        expect(items.map(({ kind }) => kind)).toEqual(['event', 'event', 'skip']);
      }
      expect(await store.publish([eventOf('ann', 3, 0)])).toMatchObject([{ status: 'duplicate' }]);
      if (end === 'crash') store.crash();
      else await store.close();
      store = await open(disk, 2);
    }
    expect(await store.producerNumber({ agentId: 'bob', producerId: 'bob'.padEnd(16, '-') })).toBe(3);
    expect(await store.deleteQueue({ kind: 'subscription', agentId: 'f', pattern: 'a.*' })).toBe(true);
    store.crash();
    store = await open(disk, 2);
    expect(store.figures().queues).toBe(5);
    store.crash();
  });
});
