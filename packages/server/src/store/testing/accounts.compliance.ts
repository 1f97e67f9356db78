/** Cases of accounts: usage, last seen, forgetting an agent. */
import type { UsageRow } from '../store.ts';
import { show, type Expect, type RegisterCase } from './harness.compliance.ts';

const HOUR_MS = 3_600_000;

function usage(agentId: string, hour: number, eventsIn: number): UsageRow {
  return { agentId, hour, connections: 1, onlineMs: 10, eventsIn, eventsOut: 2, bytesIn: 3, bytesOut: 4, errors: 0 };
}

export function accountCases(register: RegisterCase, expect: Expect): void {
  register('usage adds up by agent and hour, and is told by period in pages', async (bench) => {
    const hour = Math.floor(bench.harness.now() / HOUR_MS) * HOUR_MS;
    bench.store.addUsage([usage('a', hour, 1), usage('b', hour, 10)]);
    bench.store.addUsage([usage('a', hour, 5), usage('a', hour - HOUR_MS, 7)]);
    const all = { after: undefined, limit: 100, from: 0, to: hour + HOUR_MS };
    const { items } = await bench.store.usage(all);
    const told = items
      .map(({ agentId, hour: at, eventsIn }) => `${agentId}@${(at - hour) / HOUR_MS}=${eventsIn}`)
      .sort();
    expect(told).toEqual(['a@-1=7', 'a@0=6', 'b@0=10']);
    expect(items.find((row) => row.agentId === 'a' && row.hour === hour)).toMatchObject({
      ...{ connections: 2, onlineMs: 20, eventsOut: 4, bytesIn: 6, bytesOut: 8, errors: 0 },
    });
    expect((await bench.store.usage({ ...all, agentId: 'a', from: hour })).items).toHaveLength(1);
    const pages = [];
    for (let after: string | undefined, turn = 0; turn === 0 || after !== undefined; turn++) {
      const page = await bench.store.usage({ ...all, after, limit: 2 });
      pages.push(page.items.length);
      after = page.next;
    }
    expect(pages).toEqual([2, 1]);
    await bench.restart('close');
    expect((await bench.store.usage(all)).items).toHaveLength(3);
  });

  register('last seen is what was said at release, also after a restart', async (bench) => {
    expect(await bench.store.agentRecord('bob')).toEqual({ agentId: 'bob', lastSeenAt: undefined, node: undefined });
    const lease = await bench.store.claimAgent('bob', 'main');
    expect((await bench.store.agentRecord('bob')).node).toBe(lease.node);
    bench.store.releaseAgent('bob', 'main', lease, 1_700_000_000_000);
    expect(await bench.store.agentRecord('bob')).toEqual({
      agentId: 'bob',
      lastSeenAt: 1_700_000_000_000,
      node: undefined,
    });
    await bench.restart('close');
    expect((await bench.store.agentRecord('bob')).lastSeenAt).toBe(1_700_000_000_000);
  });

  register('a forgotten agent leaves nothing: queues, outboxes, usage, last seen', async (bench) => {
    const producer = { agentId: 'bob', producerId: 'AAAAAAAAAAAAAAAA' };
    const queue = await bench.direct('bob');
    await bench.queue({ kind: 'subscription', agentId: 'bob', pattern: 'a.>' });
    const other = await bench.direct('eve');
    await bench.publishTo('agent:bob', 'x');
    await bench.publish(bench.numbered('agent:eve', 'y', { producer, number: 9 }));
    bench.store.addUsage([usage('bob', HOUR_MS, 1)]);
    bench.store.releaseAgent('bob', 'main', await bench.lease('bob'), 5);
    await bench.store.forgetAgent('bob');
    await bench.restart('crash');
    expect(await bench.store.queuesOf('bob')).toEqual([]);
    expect(await bench.store.producerNumber(producer)).toBe(0);
    expect((await bench.store.usage({ after: undefined, limit: 10, from: 0, to: 2 * HOUR_MS })).items).toEqual([]);
    expect((await bench.store.agentRecord('bob')).lastSeenAt).toBeUndefined();
    expect((await bench.publishTo('agent:bob', 'z'))[0]).toMatchObject({ code: 'E_UNKNOWN_ADDRESS' });
    expect(show(await bench.read(other))).toEqual(['1:y']);
    expect((await bench.direct('bob')).queueId).not.toBe(queue.queueId);
  });
}
