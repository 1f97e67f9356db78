/** Cases of publishing: receipts, repetitions, conflicts, routes and limits (docs/protocols/delivery.md §3). */
import { infoOf, sequencesOf, show, type Expect, type RegisterCase } from './harness.compliance.ts';

const alice = { agentId: 'alice', producerId: 'AAAAAAAAAAAAAAAA' };

export function publishCases(register: RegisterCase, expect: Expect): void {
  register('R1: receipts are increasing positions of the log, and events come back whole', async (bench) => {
    const queue = await bench.direct('bob');
    const results = await bench.publishTo('agent:bob', 'one', 'two', 'three');
    expect(results.map(({ status }) => status)).toEqual(['stored', 'stored', 'stored']);
    const sequences = sequencesOf(results);
    expect(sequences[1]).toBeGreaterThan(sequences[0] ?? 0);
    expect(sequences[2]).toBeGreaterThan(sequences[1] ?? 0);
    const items = await bench.read(queue);
    expect(show(items)).toEqual(['1:one', '2:two', '3:three']);
    expect(items[0]).toMatchObject({ id: 'id-one', from: 'server', topic: undefined, contentType: null, failures: 0 });
    expect(items[0]).toMatchObject({ eventSequence: sequences[0] });
  });

  register('an event keeps its id, sender, topic, content type and time, in every script', async (bench) => {
    const queue = await bench.queue({ kind: 'subscription', agentId: 'bob', pattern: 'straße.*' });
    const event = bench.event('topic:straße.東京', 'über 🚀', {
      id: 'ид-1',
      from: 'agent:алиса',
      contentType: 'text/plain; charset=utf-8',
      expiresAt: bench.harness.now() + 3_600_000,
    });
    await bench.publish(event);
    const [entry] = await bench.read(queue);
    expect(entry).toMatchObject({
      id: 'ид-1',
      from: 'agent:алиса',
      topic: 'straße.東京',
      contentType: 'text/plain; charset=utf-8',
      expiresAt: event.expiresAt,
      publishedAt: event.publishedAt,
    });
    expect(show(entry === undefined ? [] : [entry])).toEqual(['1:über 🚀']);
  });

  register('an empty body and the largest one', async (bench) => {
    const queue = await bench.direct('bob');
    const large = new Uint8Array(98_304).map((_, index) => index % 251);
    await bench.publish(bench.event('agent:bob', ''), bench.event('agent:bob', 'large', { body: large }));
    const items = await bench.read(queue);
    expect(items).toHaveLength(2);
    expect(items[0]).toMatchObject({ body: new Uint8Array(0) });
    const body = items[1]?.kind === 'event' ? items[1].body : new Uint8Array(0);
    expect(Buffer.compare(body, large)).toBe(0);
  });

  register('a repeated number is answered with the same receipt, also after a restart', async (bench) => {
    const queue = await bench.direct('bob');
    const event = bench.numbered('agent:bob', 'once', { producer: alice, number: 1 });
    const [first] = await bench.publish(event);
    const [again] = await bench.publish(event);
    expect(again).toEqual({ ...first, status: 'duplicate' });
    await bench.restart('crash');
    const [later] = await bench.publish({ ...event, publishedAt: event.publishedAt + 5 });
    expect(later).toEqual({ ...first, status: 'duplicate' });
    await bench.restart('close');
    expect((await bench.publish(event))[0]).toEqual({ ...first, status: 'duplicate' });
    expect(show(await bench.read(queue))).toEqual(['1:once']);
  });

  register('R6: the same number with other content is a conflict, the original is kept', async (bench) => {
    const queue = await bench.direct('bob');
    await bench.publish(bench.numbered('agent:bob', 'first', { producer: alice, number: 1 }));
    const other = bench.numbered('agent:bob', 'other', { producer: alice, number: 1 });
    expect(await bench.publish(other)).toEqual([{ status: 'refused', code: 'E_EVENT_CONFLICT', retryAfterMs: 0 }]);
    expect(show(await bench.read(queue))).toEqual(['1:first']);
  });

  register('R6: the same number with the same content under another id is a conflict', async (bench) => {
    const queue = await bench.direct('bob');
    const event = bench.numbered('agent:bob', 'same', { producer: alice, number: 1 });
    await bench.publish({ ...event, id: 'order-1' });
    expect(await bench.publish({ ...event, id: 'order-2' })).toMatchObject([{ code: 'E_EVENT_CONFLICT' }]);
    await bench.restart('crash');
    expect(await bench.publish({ ...event, id: 'order-2' })).toMatchObject([{ code: 'E_EVENT_CONFLICT' }]);
    expect(await bench.publish({ ...event, id: 'order-1' })).toMatchObject([{ status: 'duplicate' }]);
    expect(show(await bench.read(queue))).toEqual(['1:same']);
  });

  register('repetitions within one call are found too', async (bench) => {
    const queue = await bench.direct('bob');
    const event = bench.numbered('agent:bob', 'once', { producer: alice, number: 1 });
    const results = await bench.publish(event, event);
    expect(results.map(({ status }) => status)).toEqual(['stored', 'duplicate']);
    expect(show(await bench.read(queue))).toEqual(['1:once']);
  });

  register('a settled number is refused, a gap above it is stored late', async (bench) => {
    const queue = await bench.direct('bob');
    const publish = (body: string, number: number, settledNumber = 0) =>
      bench.publish(bench.numbered('agent:bob', body, { producer: alice, number, settledNumber }));
    await publish('one', 1);
    await publish('two', 2);
    await publish('four', 4, 1);
    expect((await publish('three', 3))[0]).toMatchObject({ status: 'stored' });
    expect((await publish('three', 3))[0]).toMatchObject({ status: 'duplicate' });
    expect((await publish('two', 2))[0]).toMatchObject({ status: 'duplicate' });
    expect((await publish('one', 1))[0]).toMatchObject({ status: 'refused', code: 'E_EVENT_SETTLED' });
    await bench.restart('crash');
    expect((await publish('one', 1))[0]).toMatchObject({ status: 'refused', code: 'E_EVENT_SETTLED' });
    expect((await publish('three', 3))[0]).toMatchObject({ status: 'duplicate' });
    expect(show(await bench.read(queue))).toEqual(['1:one', '2:two', '3:four', '4:three']);
  });

  register('producerNumber is the highest stored number, of each outbox', async (bench) => {
    await bench.direct('bob');
    expect(await bench.store.producerNumber(alice)).toBe(0);
    await bench.publish(bench.numbered('agent:bob', 'x', { producer: alice, number: 7 }));
    const other = { ...alice, producerId: 'BBBBBBBBBBBBBBBB' };
    await bench.publish(bench.numbered('agent:bob', 'y', { producer: other, number: 3 }));
    await bench.restart('crash');
    expect(await bench.store.producerNumber(alice)).toBe(7);
    expect(await bench.store.producerNumber(other)).toBe(3);
    expect(await bench.store.producerNumber({ ...other, agentId: 'carol' })).toBe(0);
  });

  register('G9: an id of one sender is known again, with other content it is a conflict', async (bench) => {
    const queue = await bench.direct('bob');
    const event = bench.event('agent:bob', 'hello', { id: 'key-1', dedup: { kind: 'id' } });
    const [first] = await bench.publish(event);
    expect((await bench.publish(event))[0]).toMatchObject({ ...first, status: 'duplicate' });
    await bench.restart('crash');
    expect((await bench.publish(event))[0]).toMatchObject({ ...first, status: 'duplicate' });
    const other = bench.event('agent:bob', 'other', { id: 'key-1', dedup: { kind: 'id' } });
    expect((await bench.publish(other))[0]).toMatchObject({ code: 'E_EVENT_CONFLICT' });
    expect((await bench.publish({ ...event, from: 'agent:eve' }))[0]).toMatchObject({ status: 'stored' });
    expect(show(await bench.read(queue))).toEqual(['1:hello', '2:hello']);
  });

  register('2.0.5: nothing is kept for an agent whose queue was never opened', async (bench) => {
    expect((await bench.publishTo('agent:nobody', 'x'))[0]).toMatchObject({ code: 'E_UNKNOWN_ADDRESS' });
    expect((await bench.publishTo('topic:nobody.cares', 'x'))[0]).toMatchObject({ status: 'stored' });
  });

  register('R14: what is refused in a call does not keep the others from being stored', async (bench) => {
    const queue = await bench.direct('bob');
    const results = await bench.publish(
      bench.event('agent:bob', 'one'),
      bench.event('agent:nobody', 'lost'),
      bench.event('agent:bob', 'two'),
    );
    expect(results.map(({ status }) => status)).toEqual(['stored', 'refused', 'stored']);
    expect(show(await bench.read(queue))).toEqual(['1:one', '2:two']);
  });

  register(
    'R10: a full queue of an agent refuses the publisher with a time to come back',
    async (bench) => {
      const queue = await bench.direct('bob');
      const results = await bench.publishTo('agent:bob', 'one', 'two', 'three');
      expect(results[2]).toMatchObject({ status: 'refused', code: 'E_QUEUE_FULL' });
      expect(results[2]?.status === 'refused' && results[2].retryAfterMs > 0).toBe(true);
      expect(show(await bench.read(queue))).toEqual(['1:one', '2:two']);
      await bench.store.settle(queue.queueId, [{ kind: 'acked', sequence: 1 }], await bench.leaseOf(queue));
      expect((await bench.publishTo('agent:bob', 'four'))[0]).toMatchObject({ status: 'stored' });
      expect(show(await bench.read(queue))).toEqual(['2:two', '3:four']);
    },
    { eventsMax: 2 },
  );

  register(
    'a full subscription alone gets a numbered gap, the others get the event',
    async (bench) => {
      const slow = await bench.queue({ kind: 'subscription', agentId: 'slow', pattern: 'news.*' });
      const fast = await bench.queue({ kind: 'subscription', agentId: 'fast', pattern: 'news.>' });
      for (const body of ['1', '2', '3', '4', '5']) {
        expect((await bench.publishTo('topic:news.today', body))[0]).toMatchObject({ status: 'stored' });
        const lease = await bench.leaseOf(fast);
        await bench.store.settle(fast.queueId, [{ kind: 'acked-to', sequence: Number(body) }], lease);
      }
      expect(show(await bench.read(slow))).toEqual(['1:1', '2:2', '3-5 overflow']);
      expect(await infoOf(bench, fast)).toMatchObject({ settledTo: 5, waiting: 0 });
      await bench.restart('crash');
      expect(show(await bench.read(slow))).toEqual(['1:1', '2:2', '3-5 overflow']);
    },
    { eventsMax: 2 },
  );

  register(
    'a queue is full by bytes too',
    async (bench) => {
      await bench.direct('bob');
      const body = 'x'.repeat(6_000);
      const results = await bench.publishTo('agent:bob', body, body);
      expect(results.map(({ status }) => status)).toEqual(['stored', 'refused']);
    },
    { bytesMax: 10_000 },
  );

  register('2.0.11: events of many senders at once are all stored, each once', async (bench) => {
    const queue = await bench.direct('bob');
    const senders = Array.from({ length: 20 }, (_, index) => ({ agentId: `a${index}`, producerId: 'P'.repeat(16) }));
    const calls = senders.flatMap((producer) =>
      Array.from({ length: 50 }, (_, index) =>
        bench.publish(bench.numbered('agent:bob', `${producer.agentId}-${index}`, { producer, number: index + 1 })),
      ),
    );
    const results = (await Promise.all(calls)).flat();
    expect(new Set(sequencesOf(results)).size).toBe(1_000);
    await bench.restart('crash');
    const items = await bench.read(queue);
    expect(new Set(show(items).map((text) => text.replace(/^\d+:/, ''))).size).toBe(1_000);
    expect(items.map((item) => (item.kind === 'event' ? item.sequence : 0))).toEqual(
      Array.from({ length: 1_000 }, (_, index) => index + 1),
    );
  });

  register('relaxed events say so, and are there', async (bench) => {
    const queue = await bench.direct('bob');
    const event = {
      ...bench.numbered('agent:bob', 'r', { producer: alice, number: 1 }),
      durability: 'relaxed' as const,
    };
    expect((await bench.publish(event))[0]).toMatchObject({ status: 'stored', durability: 'relaxed' });
    await bench.publishTo('agent:bob', 'durable');
    expect(show(await bench.read(queue))).toEqual(['1:r', '2:durable']);
    await bench.restart('close');
    expect(show(await bench.read(queue))).toEqual(['1:r', '2:durable']);
  });
}
