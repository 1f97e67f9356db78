/** Cases of queues: opening, matching, reading, groups, leases, what a restart leaves (docs/protocols/delivery.md §2, §4). */
import { toHex } from '@sealane/shared/bytes';
import { letters, entriesOf, infoOf, settle, show, type Expect, type RegisterCase } from './harness.compliance.ts';

export function queueCases(register: RegisterCase, expect: Expect): void {
  register('a queue is made once, and stays after a crash', async (bench) => {
    const first = await bench.direct('bob');
    expect(first).toMatchObject({ settledTo: 0, nextSequence: 1, waiting: 0, waitingBytes: 0, deliveredTo: 0 });
    expect(first.lineage).toHaveLength(16);
    expect(await bench.direct('bob')).toEqual(first);
    const other = await bench.queue({ kind: 'subscription', agentId: 'bob', pattern: 'a.b' });
    expect(toHex(other.lineage)).not.toBe(toHex(first.lineage));
    await bench.restart('crash');
    expect(await bench.direct('bob')).toEqual(first);
    expect((await bench.store.queuesOf('bob')).map(({ spec }) => spec.kind).sort()).toEqual(['agent', 'subscription']);
    expect(bench.store.figures().queues).toBe(2);
  });

  register('queues of groups are listed in pages, those of agents are not among them', async (bench) => {
    await bench.direct('bob');
    await bench.queue({ kind: 'subscription', agentId: 'bob', pattern: 'a' });
    expect(await bench.store.groupQueues({ after: undefined, limit: 10 })).toEqual({ items: [], next: undefined });
    for (const group of ['one', 'two', 'three']) await bench.queue({ kind: 'group', group, pattern: 'a' });
    await bench.queue({ kind: 'group', group: 'one', pattern: 'b.>' });
    await bench.publishTo('topic:a', 'x');
    await bench.restart('crash');
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await bench.store.groupQueues({ after, limit: 3 });
      for (const { spec, waiting } of page.items)
        seen.push(spec.kind === 'group' ? `${spec.group} ${spec.pattern} ${waiting}` : spec.kind);
      after = page.next;
    } while (after !== undefined);
    expect([...seen].sort()).toEqual(['one a 1', 'one b.> 0', 'three a 1', 'two a 1']);
    expect(await bench.store.deleteQueue({ kind: 'group', group: 'two', pattern: 'a' })).toBe(true);
    expect((await bench.store.groupQueues({ after: undefined, limit: 10 })).items).toHaveLength(3);
  });

  register('a queue that was deleted and made anew has another lineage and begins with 1', async (bench) => {
    const spec = { kind: 'subscription', agentId: 'bob', pattern: 'a' } as const;
    const old = await bench.queue(spec);
    await bench.publishTo('topic:a', 'x');
    expect(await bench.store.deleteQueue(spec)).toBe(true);
    expect(await bench.store.deleteQueue(spec)).toBe(false);
    const fresh = await bench.queue(spec);
    expect(toHex(fresh.lineage)).not.toBe(toHex(old.lineage));
    expect(fresh).toMatchObject({ nextSequence: 1, waiting: 0 });
    await bench.publishTo('topic:a', 'y');
    await bench.restart('crash');
    expect(show(await bench.read(fresh))).toEqual(['1:y']);
    expect(toHex((await infoOf(bench, fresh)).lineage)).toBe(toHex(fresh.lineage));
  });

  register('patterns: exact, * for one level, > for the rest; a body reaches each queue once', async (bench) => {
    const patterns = ['fleet.eu.temp', 'fleet.*.temp', 'fleet.>', '*.eu.*', 'fleet.eu', 'fleet.eu.temp.>', '>'];
    const queues = [];
    for (const pattern of patterns) queues.push(await bench.queue({ kind: 'subscription', agentId: 'bob', pattern }));
    await bench.publishTo('topic:fleet.eu.temp', 'x');
    await bench.publishTo('topic:fleet.eu', 'y');
    const seen = [];
    for (const queue of queues) seen.push(show(await bench.read(queue)).map((text) => text.slice(2)));
    expect(seen).toEqual([['x'], ['x'], ['x', 'y'], ['x'], ['y'], [], ['x', 'y']]);
  });

  register('what begins with $ is reserved: wildcards do not reach it, patterns that name it do', async (bench) => {
    const patterns = ['$own.bob', '$own.*', '$own.>', '>', '*.bob', '*.>', '*.*'];
    const queues = [];
    for (const pattern of patterns) queues.push(await bench.queue({ kind: 'subscription', agentId: 'bob', pattern }));
    await bench.publishTo('topic:$own.bob', 'x');
    await bench.publishTo('topic:own.bob', 'y');
    const seen = [];
    for (const queue of queues) seen.push(show(await bench.read(queue)).map((text) => text.slice(2)));
    expect(seen).toEqual([['x'], ['x'], ['x'], ['y'], ['y'], ['y'], ['y']]);
  });

  register('many agents on one pattern each have their own queue', async (bench) => {
    const ids = Array.from({ length: 25 }, (_, index) => `agent-${index}`);
    const queues = await Promise.all(
      ids.map((agentId) => bench.queue({ kind: 'subscription', agentId, pattern: 'all.*' })),
    );
    await bench.publishTo('topic:all.here', 'x');
    await bench.store.deleteQueue({ kind: 'subscription', agentId: 'agent-7', pattern: 'all.*' });
    await bench.publishTo('topic:all.here', 'y');
    for (const queue of queues.slice(0, 5)) expect(show(await bench.read(queue))).toEqual(['1:x', '2:y']);
    await bench.restart('crash');
    for (const queue of queues.slice(20)) expect(show(await bench.read(queue))).toEqual(['1:x', '2:y']);
  });

  register('read: only above `after`, at most `limit` items, and by bytes after at least one', async (bench) => {
    const queue = await bench.direct('bob');
    await bench.publishTo('agent:bob', ...letters('abcdefgh'));
    expect(show(await bench.read(queue, { after: 3, limit: 2 }))).toEqual(['4:d', '5:e']);
    expect(show(await bench.read(queue, { limit: 3 }))).toEqual(['1:a', '2:b', '3:c']);
    expect(show(await bench.read(queue, { bytesMax: 1 }))).toEqual(['1:a']);
    expect(show(await bench.read(queue, { after: 8 }))).toEqual([]);
  });

  register('readAgain gives what is not settled', async (bench) => {
    const queue = await bench.direct('bob');
    await bench.publishTo('agent:bob', ...letters('abcd'));
    await settle(bench, queue, { kind: 'acked', sequence: 2 });
    const again = await bench.store.readAgain(queue.queueId, [1, 2, 4, 99], await bench.leaseOf(queue));
    expect(show(again)).toEqual(['1:a', '4:d']);
  });

  register('the listener hears of queues that got entries', async (bench) => {
    const queue = await bench.direct('bob');
    await bench.publishTo('agent:bob', 'x');
    for (let turn = 0; turn < 1_000 && bench.ears.queueIds.length === 0; turn++) await soon();
    expect(bench.ears.queueIds).toContain(queue.queueId);
  });

  register('R2: after a crash what may have been delivered counts as delivered, the rest does not', async (bench) => {
    const seen = await bench.direct('seen');
    const unseen = await bench.direct('unseen');
    await bench.publishTo('agent:seen', ...letters('abc'));
    await bench.publishTo('agent:unseen', ...letters('abc'));
    await bench.read(seen, { limit: 2 });
    bench.store.beginDelivery(seen.queueId, await bench.leaseOf(seen));
    await bench.publishTo('agent:seen', 'd');
    await bench.restart('crash');
    expect(await infoOf(bench, seen)).toMatchObject({ deliveredTo: 4, settledTo: 0, waiting: 4 });
    expect(await infoOf(bench, unseen)).toMatchObject({ deliveredTo: 0, settledTo: 0, waiting: 3 });
  });

  register('release tells up to where first deliveries got', async (bench) => {
    const queue = await bench.direct('bob');
    await bench.publishTo('agent:bob', ...letters('abcd'));
    await bench.read(queue);
    bench.store.beginDelivery(queue.queueId, await bench.leaseOf(queue));
    bench.store.release(queue.queueId, 2, [1, 2], await bench.leaseOf(queue));
    expect(await infoOf(bench, queue)).toMatchObject({ deliveredTo: 2 });
    await bench.restart('close');
    expect(await infoOf(bench, queue)).toMatchObject({ deliveredTo: 2, waiting: 4 });
  });

  register('R12: readers of a group get different entries; what one held goes to another', async (bench) => {
    const queue = await bench.queue({ kind: 'group', group: 'workers', pattern: 'jobs.*' });
    const [a, b] = [await bench.store.claimAgent('a', 'main'), await bench.store.claimAgent('b', 'main')];
    await bench.publishTo('topic:jobs.x', ...letters('123456'));
    const request = { after: 0, limit: 2, bytesMax: 1_000_000 };
    const first = entriesOf(await bench.store.read(queue.queueId, request, a));
    const second = entriesOf(await bench.store.read(queue.queueId, request, b));
    expect(show([...first, ...second])).toEqual(['1:1', '2:2', '3:3', '4:4']);
    await bench.store.settle(queue.queueId, [{ kind: 'acked', sequence: 1 }], a);
    bench.store.release(queue.queueId, 2, [2], a);
    const rest = await bench.store.read(queue.queueId, { ...request, limit: 10 }, b);
    const others = await bench.store.read(queue.queueId, { ...request, limit: 10, after: 4 }, b);
    const seen = new Set(show([...rest, ...others]));
    expect(seen.has('5:5') && seen.has('6:6')).toBe(true);
    await bench.store.settle(queue.queueId, [{ kind: 'acked-to', sequence: 6 }], b);
    expect(await infoOf(bench, queue)).toMatchObject({ settledTo: 6, waiting: 0 });
  });

  register('M9: a lease that was claimed anew settles nothing any more', async (bench) => {
    const queue = await bench.direct('bob');
    await bench.publishTo('agent:bob', 'x');
    const old = await bench.store.claimAgent('bob', 'main');
    const fresh = await bench.store.claimAgent('bob', 'main');
    expect(fresh.epoch).toBeGreaterThan(old.epoch);
    expect(show(await bench.store.read(queue.queueId, { after: 0, limit: 1, bytesMax: 1_000 }, fresh))).toEqual([
      '1:x',
    ]);
    const refused = bench.store.settle(queue.queueId, [{ kind: 'acked', sequence: 1 }], old);
    await expect(refused).rejects.toMatchObject({ code: 'E_FENCED' });
    await bench.store.settle(queue.queueId, [{ kind: 'acked', sequence: 1 }], fresh);
    expect(await infoOf(bench, queue)).toMatchObject({ waiting: 0 });
  });

  register('figures count queues, waiting entries and commits', async (bench) => {
    await bench.direct('bob');
    await bench.publishTo('agent:bob', 'x', 'y');
    const { queues, waiting, deadLetters } = bench.store.figures();
    expect({ queues, waiting, deadLetters }).toEqual({ queues: 1, waiting: 2, deadLetters: 0 });
  });
}

async function soon(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 10));
}
