import { describe, expect, it } from '@jest/globals';
import { storeCompliance } from '../store.compliance.ts';
import type { StoreHarness } from '../testing/harness.compliance.ts';
import { VirtualEnvironment } from '../testing/virtual-environment.compliance.ts';
import type { QueueLimits } from '../store.ts';
import { MemoryDisk } from './memory-disk.ts';
import { MemoryStore } from './memory-store.ts';

function memoryHarness(limits: QueueLimits, commitDelayMs: number): StoreHarness {
  const environment = new VirtualEnvironment();
  const disk = new MemoryDisk({ commitDelayMs });
  return {
    create: () => new MemoryStore({ environment, disk, limits }),
    async crash(store) {
      if (store instanceof MemoryStore) store.crash();
    },
    now: () => environment.now(),
    advance: (ms) => environment.advance(ms),
    async dispose() {},
  };
}

describe('MemoryStore', () => {
  storeCompliance(async ({ limits }) => memoryHarness(limits, 0), { it, expect });
});

describe('MemoryStore on a slow disk', () => {
  storeCompliance(async ({ limits }) => memoryHarness(limits, 3), { it, expect });

  it('2.0.10: a crash loses what was not committed, and nothing that was confirmed', async () => {
    const environment = new VirtualEnvironment();
    const disk = new MemoryDisk({ commitDelayMs: 1_000 });
    const listener = { onQueues() {}, onAgentLost() {}, onHealth() {}, onIncident() {} };
    const store = new MemoryStore({ environment, disk });
    await store.open(listener);
    const opened = store.openQueue({ kind: 'agent', agentId: 'bob' });
    await environment.advance(1_000);
    await opened;
    const publish = (body: number) =>
      store.publish([
        {
          ...{ id: `${body}`, from: 'server', to: 'agent:bob', contentType: null, publishedAt: 0, dueAt: 0 },
          ...{ body: Uint8Array.of(body), expiresAt: Number.MAX_SAFE_INTEGER, durability: 'durable' },
          dedup: { kind: 'none' },
        },
      ]);
    const first = publish(1);
    await environment.advance(1_000);
    expect((await first)[0]).toMatchObject({ status: 'stored' });
    const second = publish(2);
    await environment.advance(500);
    store.crash();
    expect((await second)[0]).toMatchObject({ status: 'refused', code: 'E_STORE_UNAVAILABLE' });
    const next = new MemoryStore({ environment, disk });
    await next.open(listener);
    expect(next.figures().waiting).toBe(1);
    next.crash();
  });
});
