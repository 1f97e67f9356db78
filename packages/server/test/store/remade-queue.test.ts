/** R1: a queue that is forgotten and made anew, one of many of its pattern, and a crash anywhere in the checkpoint after it. */
import { expect, it } from '@jest/globals';
import { MemoryDisk, MemoryStore, type NewEvent } from '../../src/store/index.ts';
import { Ears } from '../../src/store/testing/harness.compliance.ts';

const SPECS = Array.from({ length: 12 }, (_, index) => ({
  kind: 'subscription' as const,
  agentId: `agent-${index}`,
  pattern: 'a.*',
}));
const [REMADE = { kind: 'subscription', agentId: 'agent-0', pattern: 'a.*' } as const] = SPECS;
const COMMITS_MAX = 20;

function eventOf(body: string): NewEvent {
  return {
    ...{ id: body, from: 'server', to: 'topic:a.b', contentType: null, body: new TextEncoder().encode(body) },
    ...{ publishedAt: Date.now(), expiresAt: Number.MAX_SAFE_INTEGER, dueAt: 0, durability: 'durable' },
    dedup: { kind: 'none' },
  };
}

async function open(disk: MemoryDisk): Promise<MemoryStore> {
  const store = new MemoryStore({ disk, checkpointBytes: 1, checkpointSliceBytes: 1 });
  await store.open(new Ears());
  return store;
}

it(`R1: ${COMMITS_MAX} crashes, each a slice of the checkpoint later: it is found, with all that waits in it`, async () => {
  for (let commits = 0; commits < COMMITS_MAX; commits++) {
    const disk = new MemoryDisk();
    let store = await open(disk);
    for (const spec of SPECS) await store.openQueue(spec);
    await store.close();
    store = await open(disk);
    await store.deleteQueue(REMADE);
    const { queueId } = await store.openQueue(REMADE);
    for (let count = 0; count < commits; count++) await store.publish([eventOf('x')]);
    store.crash();
    store = await open(disk);
    expect(store.figures().queues).toBe(SPECS.length);
    expect(await store.openQueue(REMADE)).toMatchObject({ queueId, waiting: commits });
    await store.publish([eventOf('later')]);
    expect(await store.openQueue(REMADE)).toMatchObject({ queueId, waiting: commits + 1 });
    store.crash();
  }
});
