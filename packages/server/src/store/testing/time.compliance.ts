/** Cases of time, for stores whose clock can be moved: delay, TTL, retention, the day of known ids. */
import { infoOf, show, type Expect, type RegisterCase } from './harness.compliance.ts';

const DAY_MS = 86_400_000;
/** Stores sweep at most this often. */
const SWEEP_MS = 61_000;

export function timeCases(register: RegisterCase, expect: Expect): void {
  const timed: RegisterCase = (title, body, limits) =>
    register(
      title,
      async (bench) => {
        if (bench.harness.advance !== undefined) await body(bench);
      },
      limits,
    );

  timed('a delayed event is delivered when it is due, also after a restart', async (bench) => {
    const queue = await bench.direct('bob');
    const dueAt = bench.harness.now() + 10_000;
    const [result] = await bench.publish(bench.event('agent:bob', 'later', { dueAt }));
    expect(result).toMatchObject({ status: 'stored' });
    await bench.publishTo('agent:bob', 'now');
    expect(show(await bench.read(queue))).toEqual(['1:now']);
    await bench.advance(9_000);
    await bench.restart('crash');
    expect(show(await bench.read(queue))).toEqual(['1:now']);
    await bench.advance(1_001);
    expect(show(await bench.read(queue))).toEqual(['1:now', '2:later']);
    expect(bench.ears.queueIds).toContain(queue.queueId);
    await bench.restart('crash');
    expect(show(await bench.read(queue))).toEqual(['1:now', '2:later']);
  });

  timed('delayed events of a topic reach who subscribes when they are due', async (bench) => {
    await bench.publish(bench.event('topic:a.b', 'x', { dueAt: bench.harness.now() + 5_000 }));
    const queue = await bench.queue({ kind: 'subscription', agentId: 'bob', pattern: 'a.*' });
    await bench.advance(5_001);
    expect(show(await bench.read(queue))).toEqual(['1:x']);
  });

  timed('what nobody reads expires by its TTL and becomes a skip', async (bench) => {
    const queue = await bench.direct('bob');
    const now = bench.harness.now();
    await bench.publish(
      bench.event('agent:bob', 'a'),
      bench.event('agent:bob', 'b', { expiresAt: now + 1_000 }),
      bench.event('agent:bob', 'c', { expiresAt: now + 10 * DAY_MS }),
    );
    await bench.advance(SWEEP_MS);
    expect(show(await bench.read(queue))).toEqual(['1:a', '2-2 expired', '3:c']);
    expect(await infoOf(bench, queue)).toMatchObject({ waiting: 2 });
  });

  timed(
    'R9: retention is exact: what is older goes, what is younger stays',
    async (bench) => {
      const queue = await bench.direct('bob');
      await bench.publishTo('agent:bob', 'old');
      await bench.advance(120_000);
      await bench.publishTo('agent:bob', 'young');
      await bench.advance(DAY_MS - 60_000);
      expect(show(await bench.read(queue))).toEqual(['1-1 retention', '2:young']);
      await bench.advance(60_000 + SWEEP_MS + 60_000);
      expect(show(await bench.read(queue))).toEqual(['1-2 retention']);
      await bench.restart('crash');
      expect(show(await bench.read(queue))).toEqual(['1-2 retention']);
    },
    { retentionMs: DAY_MS },
  );

  timed('an id is known for a day at least, and forgotten after two', async (bench) => {
    await bench.direct('bob');
    const event = bench.event('agent:bob', 'x', { id: 'key', dedup: { kind: 'id' } });
    const [first] = await bench.publish(event);
    await bench.advance(DAY_MS - 1_000);
    expect((await bench.publish(event))[0]).toMatchObject({ ...first, status: 'duplicate' });
    await bench.advance(DAY_MS);
    expect((await bench.publish(event))[0]).toMatchObject({ status: 'stored' });
  });
}
