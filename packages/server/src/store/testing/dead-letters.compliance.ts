/** Cases of dead letters: why, history, redrive, purge (docs/protocols/delivery.md §7). */
import {
  letters,
  bodyOf,
  infoOf,
  settle,
  show,
  type Bench,
  type Expect,
  type RegisterCase,
} from './harness.compliance.ts';
import type { QueueInfo } from '../store.ts';

export function deadLetterCases(register: RegisterCase, expect: Expect): void {
  register('R16: a dead letter keeps its event, reason and history, and leaves a skip', async (bench) => {
    const queue = await bench.direct('bob');
    await bench.publish(bench.event('agent:bob', 'poison', { id: 'p1', from: 'agent:eve', contentType: 'text/plain' }));
    await bench.publishTo('agent:bob', 'fine');
    await settle(bench, queue, { kind: 'failed', sequence: 1, reason: 'first', at: 10 });
    await settle(bench, queue, { kind: 'dead', sequence: 1, reason: 'second', at: 20 });
    expect(show(await bench.read(queue))).toEqual(['1-1 dead-letter', '2:fine']);
    await bench.restart('crash');
    const { items, next } = await bench.store.deadLetters({ after: undefined, limit: 10 });
    expect(next).toBeUndefined();
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      ...{ eventId: 'p1', queueId: queue.queueId, subscription: 'agent:bob', from: 'agent:eve', to: 'agent:bob' },
      ...{ reason: 'second', attempts: 2, deadAt: 20, contentType: 'text/plain' },
      history: [
        { at: 10, reason: 'first' },
        { at: 20, reason: 'second' },
      ],
    });
    expect(items[0] && bodyOf(items[0])).toBe('poison');
    expect(await bench.store.deadLetter(items[0]?.id ?? '')).toEqual(items[0]);
    expect(await bench.store.deadLetter('no-such')).toBeUndefined();
    expect(bench.store.figures().deadLetters).toBe(1);
  });

  register('redrive puts it at the end of its queue, once', async (bench) => {
    const queue = await bench.direct('bob');
    await bench.publishTo('agent:bob', 'a', 'b');
    await kill(bench, queue, 1);
    const [letter] = (await bench.store.deadLetters({ after: undefined, limit: 10 })).items;
    const id = letter?.id ?? '';
    const both = await Promise.all([bench.store.redrive(id), bench.store.redrive(id)]);
    expect(both.filter(Boolean)).toHaveLength(1);
    expect(await bench.store.redrive(id)).toBe(false);
    expect(await bench.store.redrive('no-such')).toBe(false);
    await bench.restart('crash');
    expect(show(await bench.read(queue))).toEqual(['1-1 dead-letter', '2:b', '3:a']);
    expect((await bench.store.deadLetters({ after: undefined, limit: 10 })).items).toEqual([]);
  });

  register('pages, one queue alone, purge of some and of all', async (bench) => {
    const bob = await bench.direct('bob');
    const eve = await bench.direct('eve');
    await bench.publishTo('agent:bob', ...letters('abcde'));
    await bench.publishTo('agent:eve', 'x');
    for (const sequence of [1, 2, 3, 4, 5]) await kill(bench, bob, sequence);
    await kill(bench, eve, 1);
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await bench.store.deadLetters({ after, limit: 2, queueId: bob.queueId });
      seen.push(...page.items.map((item) => bodyOf(item) ?? ''));
      after = page.next;
    } while (after !== undefined);
    expect(seen.sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
    const { items } = await bench.store.deadLetters({ after: undefined, limit: 1_000 });
    expect(items).toHaveLength(6);
    expect(await bench.store.purgeDeadLetters([items[0]?.id ?? '', 'no-such'])).toBe(1);
    expect(await bench.store.purgeDeadLetters(undefined)).toBe(5);
    expect((await bench.store.deadLetters({ after: undefined, limit: 10 })).items).toEqual([]);
    expect(await infoOf(bench, bob)).toMatchObject({ waiting: 0 });
  });

  register('a dead letter of a topic names its subscription', async (bench) => {
    const queue = await bench.queue({ kind: 'subscription', agentId: 'bob', pattern: 'a.*' });
    const group = await bench.queue({ kind: 'group', group: 'g', pattern: 'a.>' });
    await bench.publishTo('topic:a.b', 'x');
    await kill(bench, queue, 1);
    await kill(bench, group, 1);
    const { items } = await bench.store.deadLetters({ after: undefined, limit: 10 });
    expect(items.map(({ subscription }) => subscription).sort()).toEqual(['bob a.*', 'group g a.>']);
    expect(items.map(({ to }) => to)).toEqual(['topic:a.b', 'topic:a.b']);
  });
}

async function kill(bench: Bench, queue: QueueInfo, sequence: number): Promise<void> {
  await settle(bench, queue, { kind: 'dead', sequence, reason: 'no', at: 1 });
}
