/** The store model of the simulation is a store: it passes the suite that all stores pass, on a disk with faults, too. */
import { describe, expect, it } from '@jest/globals';
import type { StorageError } from '@sealane/shared/errors';
import { MemoryDisk, type QueueLimits } from '@sealane/server/store';
import { VirtualEnvironment, storeCompliance, type StoreHarness } from '@sealane/server/testing';
import { SimStore } from '../../src/sim/store/sim-store.ts';
import type { DiskManners } from '../../src/sim/store/sim-log.ts';

const LISTENER = { onQueues() {}, onAgentLost() {}, onHealth() {}, onIncident() {} };
const FOREVER = Number.MAX_SAFE_INTEGER;

function harness(limits: QueueLimits, delayMs: number): StoreHarness {
  const environment = new VirtualEnvironment();
  const disk = new MemoryDisk();
  const manners: DiskManners = { delayMs: () => delayMs, outcome: () => 'written' };
  return {
    create: () => new SimStore({ environment, disk, manners, limits }),
    async crash(store) {
      if (store instanceof SimStore) store.crash();
    },
    now: () => environment.now(),
    advance: (ms) => environment.advance(ms),
    async dispose() {},
  };
}

describe('SimStore', () => {
  storeCompliance(async ({ limits }) => harness(limits, 0), { it, expect });
});

describe('SimStore on a slow disk', () => {
  storeCompliance(async ({ limits }) => harness(limits, 3), { it, expect });
});

describe('SimStore on a disk with faults', () => {
  async function opened(outcome: DiskManners['outcome']) {
    const environment = new VirtualEnvironment();
    const disk = new MemoryDisk();
    const store = new SimStore({ environment, disk, manners: { delayMs: () => 1, outcome } });
    await store.open(LISTENER);
    return { store, environment, disk };
  }

  const event = (body: number, to: string, expiresAt = FOREVER) => ({
    ...{ id: `${body}`, from: 'server', to, contentType: null, publishedAt: 0, dueAt: 0, expiresAt },
    ...{ body: Uint8Array.of(body), durability: 'durable' as const, dedup: { kind: 'none' as const } },
  });

  it('2.0.10: a commit that failed is in doubt: a start finds it or not, and the next is refused', async () => {
    for (const outcome of ['failed', 'failed-written'] as const) {
      let now: ReturnType<DiskManners['outcome']> = 'written';
      const { store, environment, disk } = await opened(() => now);
      const opening = store.openQueue({ kind: 'agent', agentId: 'bob' });
      await environment.advance(100);
      await opening;
      now = outcome;
      const result = store.publish([event(1, 'agent:bob')]);
      await environment.advance(100);
      expect((await result)[0]).toMatchObject({ status: 'refused', code: 'E_STORE_UNAVAILABLE' });
      expect(store.health.status).toBe('failed');
      store.crash();
      const manners: DiskManners = { delayMs: () => 1, outcome: () => 'written' };
      const next = new SimStore({ environment, disk, manners });
      await next.open(LISTENER);
      expect(next.figures().waiting).toBe(outcome === 'failed' ? 0 : 1);
      next.crash();
    }
  });

  it('R12: what a full disk keeps from a reader of a group, the next one gets', async () => {
    let now: ReturnType<DiskManners['outcome']> = 'written';
    const { store, environment } = await opened(() => now);
    const opening = store.openQueue({ kind: 'group', group: 'crew', pattern: 'work' });
    await environment.advance(100);
    const { queueId } = await opening;
    const published = store.publish([event(1, 'topic:work'), event(2, 'topic:work')]);
    await environment.advance(100);
    await published;
    const lease = await store.claimAgent('ada', 'main');
    const request = { after: 0, limit: 10, bytesMax: 1_000_000 };
    const first = store.read(queueId, request, lease);
    await environment.advance(100);
    expect(await first).toHaveLength(2);
    store.release(queueId, 2, [1, 2], lease);
    await environment.advance(100);
    now = 'full';
    void store.settle(queueId, [{ kind: 'dropped', sequence: 1, reason: 'expired' }], lease).catch(() => undefined);
    const kept = store.read(queueId, request, lease).catch((error: unknown) => (error as StorageError).code);
    await environment.advance(100);
    expect([[], 'E_STORE_FULL']).toContainEqual(await kept);
    now = 'written';
    await environment.advance(5_000);
    const given = store.read(queueId, request, lease);
    await environment.advance(100);
    expect((await given).map((item) => (item.kind === 'event' ? item.sequence : item.reason))).toEqual(['expired', 2]);
    store.crash();
  });
});
