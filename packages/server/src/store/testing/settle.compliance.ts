/** Cases of settling: acks in any order, cursors, skips, failures, and what a restart leaves (docs/protocols/delivery.md §5, §6). */
import { letters, entriesOf, infoOf, settle, show, type Expect, type RegisterCase } from './harness.compliance.ts';

export function settleCases(register: RegisterCase, expect: Expect): void {
  register('acks in any order; what is acked stays away, also after a crash', async (bench) => {
    const queue = await bench.direct('bob');
    await bench.publishTo('agent:bob', ...letters('abcdef'));
    for (const sequence of [3, 1, 5]) await settle(bench, queue, { kind: 'acked', sequence });
    expect(await infoOf(bench, queue)).toMatchObject({ settledTo: 1, waiting: 3 });
    await bench.restart('crash');
    expect(show(await bench.read(queue))).toEqual(['2:b', '4:d', '6:f']);
    await settle(bench, queue, { kind: 'acked', sequence: 2 });
    expect(await infoOf(bench, queue)).toMatchObject({ settledTo: 3, waiting: 2 });
  });

  register('R4: settling what is settled, or was never there, does nothing', async (bench) => {
    const queue = await bench.direct('bob');
    await bench.publishTo('agent:bob', 'a', 'b');
    await settle(bench, queue, { kind: 'acked', sequence: 1 });
    for (const sequence of [0, 1, 99, Number.MAX_SAFE_INTEGER]) {
      await settle(bench, queue, { kind: 'acked', sequence });
      await settle(bench, queue, { kind: 'dropped', sequence: sequence === 99 ? 98 : 1, reason: 'expired' });
      await settle(bench, queue, { kind: 'dead', sequence: 1, reason: 'x', at: 1 });
    }
    expect(await infoOf(bench, queue)).toMatchObject({ settledTo: 1, waiting: 1 });
    expect(bench.store.figures().deadLetters).toBe(0);
  });

  register('R11: a cursor settles up to it and never what is not there yet', async (bench) => {
    const queue = await bench.direct('bob');
    await bench.publishTo('agent:bob', ...letters('abcd'));
    await settle(bench, queue, { kind: 'acked-to', sequence: 2 });
    expect(show(await bench.read(queue))).toEqual(['3:c', '4:d']);
    await settle(bench, queue, { kind: 'acked-to', sequence: Number.MAX_SAFE_INTEGER });
    expect(await infoOf(bench, queue)).toMatchObject({ settledTo: 4, waiting: 0, waitingBytes: 0 });
    await bench.publishTo('agent:bob', 'e');
    expect(show(await bench.read(queue))).toEqual(['5:e']);
  });

  register('R13: dropped entries become skips that are announced until they are seen', async (bench) => {
    const queue = await bench.direct('bob');
    await bench.publishTo('agent:bob', ...letters('abcdef'));
    await settle(
      bench,
      queue,
      { kind: 'dropped', sequence: 2, reason: 'expired' },
      { kind: 'dropped', sequence: 3, reason: 'expired' },
      { kind: 'dropped', sequence: 5, reason: 'purged' },
    );
    const expected = ['1:a', '2-3 expired', '4:d', '5-5 purged', '6:f'];
    expect(show(await bench.read(queue))).toEqual(expected);
    await bench.restart('crash');
    expect(show(await bench.read(queue))).toEqual(expected);
    await settle(bench, queue, { kind: 'skip-seen', to: 3 });
    expect(show(await bench.read(queue))).toEqual(['1:a', '4:d', '5-5 purged', '6:f']);
    await settle(bench, queue, { kind: 'acked', sequence: 1 }, { kind: 'acked', sequence: 4 });
    expect(await infoOf(bench, queue)).toMatchObject({ settledTo: 4, waiting: 1 });
    await settle(bench, queue, { kind: 'skip-seen', to: 5 });
    expect(await infoOf(bench, queue)).toMatchObject({ settledTo: 5 });
  });

  register('a seen skip leaves entries before it alone', async (bench) => {
    const queue = await bench.direct('bob');
    await bench.publishTo('agent:bob', ...letters('abc'));
    await settle(bench, queue, { kind: 'dropped', sequence: 3, reason: 'expired' }, { kind: 'skip-seen', to: 3 });
    expect(show(await bench.read(queue))).toEqual(['1:a', '2:b']);
  });

  register('failures are counted and kept', async (bench) => {
    const queue = await bench.direct('bob');
    await bench.publishTo('agent:bob', 'a', 'b');
    await settle(bench, queue, { kind: 'failed', sequence: 1, reason: 'no', at: 5 });
    await settle(bench, queue, { kind: 'failed', sequence: 1, reason: 'still no', at: 6 });
    await bench.restart('crash');
    const entries = entriesOf(await bench.read(queue));
    expect(entries.map(({ failures }) => failures)).toEqual([2, 0]);
    await bench.restart('close');
    const again = await bench.store.readAgain(queue.queueId, [1], await bench.leaseOf(queue));
    expect(again.map(({ failures }) => failures)).toEqual([2]);
  });

  register('thousands of entries, settled in random order, over restarts', async (bench) => {
    const queue = await bench.direct('bob');
    const left = new Set<number>();
    let random = 1;
    for (let round = 0; round < 4; round++) {
      const bodies = Array.from({ length: 700 }, (_, index) => `${round}-${index}`);
      await bench.publishTo('agent:bob', ...bodies);
      for (let index = 1; index <= 700; index++) left.add(round * 700 + index);
      const settlements = [];
      for (const sequence of left) {
        random = (random * 48_271) % 2_147_483_647;
        if (random % 3 === 0) continue;
        settlements.push({ kind: 'acked', sequence } as const);
        left.delete(sequence);
      }
      await settle(bench, queue, ...settlements);
      await bench.restart(round % 2 === 0 ? 'crash' : 'close');
      const items = entriesOf(await bench.read(queue, { limit: 10_000 }));
      expect(items.map(({ sequence }) => sequence)).toEqual([...left]);
      expect(await infoOf(bench, queue)).toMatchObject({ waiting: left.size, nextSequence: (round + 1) * 700 + 1 });
    }
  });
}
