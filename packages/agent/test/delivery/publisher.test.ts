/** The publisher against a server in the test's hands, over virtual time. */
import { describe, expect, it } from '@jest/globals';
import { ERRORS, type ErrorCode, type SealaneError } from '@sealane/shared/errors';
import { newProducerId } from '../../src/delivery/lanes.ts';
import { MemoryOutbox } from '../../src/delivery/memory-outbox.ts';
import { sampleEvent } from '../../src/delivery/outbox.compliance.ts';
import type { OutgoingEvent } from '../../src/delivery/outbox.ts';
import { Publisher } from '../../src/delivery/publisher.ts';
import { ScriptedLink, TestTimers, settled } from './scripted-link.ts';

function start() {
  const timers = new TestTimers();
  const outbox = new MemoryOutbox({ producerId: newProducerId(), wallClock: () => 0 });
  const refused: { id: string; code: ErrorCode }[] = [];
  const publisher = new Publisher(outbox, 1, {
    timers,
    onRefused: ({ id }, { code }) => refused.push({ id, code }),
    onIncident: () => undefined,
  });
  const outcomes: (string | number)[] = [];
  const publish = async (text: string, changes: Partial<OutgoingEvent> = {}, timeoutMs = 0): Promise<void> => {
    const told = publisher.publish(sampleEvent(text, changes), { timeoutMs });
    told.then(
      ({ sequence }) => outcomes.push(sequence),
      (error: unknown) => outcomes.push((error as SealaneError).code),
    );
    await settled();
  };
  const connect = async (number = 0, link = new ScriptedLink()): Promise<ScriptedLink> => {
    publisher.open(link);
    publisher.onOpened({ id: 0x3a, producer: 1, number, code: 0, retryAfterMs: 0 });
    await settled();
    return link;
  };
  const receive = async (number: number, sequence: number, count = 1): Promise<void> => {
    const stored = { id: 0x3c, producer: 1, durability: 0, code: 0, retryAfterMs: 0 } as const;
    publisher.onReceipt({ ...stored, number, count, sequence });
    await settled();
  };
  const refuse = async (number: number, code: ErrorCode, retryAfterMs = 0): Promise<void> => {
    const packet = { id: 0x3c, producer: 1, durability: 0, count: 1, sequence: 0 } as const;
    publisher.onReceipt({ ...packet, number, code: ERRORS[code].number, retryAfterMs });
    await settled();
  };
  return { timers, outbox, publisher, refused, outcomes, publish, connect, receive, refuse };
}

const numbersOf = (link: ScriptedLink): unknown[] => link.of('publish').map(({ number }) => number);

describe('Publisher', () => {
  it('E11: what is published offline and before the outbox is known waits, and goes out in order', async () => {
    const { publisher, publish, receive, outcomes } = start();
    await publish('1');
    await publish('2');
    const link = new ScriptedLink();
    publisher.open(link);
    await publish('3');
    expect(link.sent.map(({ kind }) => kind)).toEqual(['openProducer']);
    expect(link.of('openProducer')[0]?.['producerId']).toMatch(/^[\w-]{16}$/);
    publisher.onOpened({ id: 0x3a, producer: 1, number: 0, code: 0, retryAfterMs: 0 });
    await settled();
    expect(numbersOf(link)).toEqual([1, 2, 3]);
    await receive(1, 10, 2);
    await publish('4');
    expect(link.of('publish').at(-1)).toMatchObject({ number: 4, settledNumber: 2 });
    await receive(3, 12, 2);
    expect(outcomes).toEqual([10, 11, 12, 13]);
  });

  it('A15: after a cut, all without a receipt go again, before what came meanwhile', async () => {
    const { publisher, publish, connect, receive, outcomes } = start();
    const first = await connect();
    await publish('1');
    await publish('2');
    await receive(1, 5);
    publisher.lose(undefined);
    await publish('3');
    const second = await connect(2);
    expect([numbersOf(first), numbersOf(second)]).toEqual([
      [1, 2],
      [2, 3],
    ]);
    await receive(2, 6, 2);
    expect(outcomes).toEqual([5, 6, 7]);
  });

  it('E12: a caller whose time is up is told, with why; the event goes out later, and its refusal is told to the owner', async () => {
    const { timers, publisher, publish, connect, refuse, outcomes, refused, outbox } = start();
    await publish('late', {}, 10_000);
    await timers.pass(9_999);
    expect(outcomes).toEqual([]);
    await timers.pass(1);
    expect(outcomes).toEqual(['E_TIMEOUT']);
    expect(outbox.waiting.events).toBe(1);
    const link = await connect();
    expect(numbersOf(link)).toEqual([1]);
    await refuse(1, 'E_FORBIDDEN');
    expect(refused).toEqual([{ id: `${outbox.producerId}-1`, code: 'E_FORBIDDEN' }]);
    expect(publisher.isEmpty).toBe(true);
  });

  it.each(['E_BUSY', 'E_STORE_UNAVAILABLE'] as const)(
    '6: an outbox that is refused with %s is opened again after its time; callers wait, and have receipts then',
    async (code) => {
      const { timers, publisher, publish, connect, receive, outcomes } = start();
      await publish('1');
      await publish('2', {}, 500);
      const link = new ScriptedLink();
      publisher.open(link);
      publisher.onOpened({ id: 0x3a, producer: 1, number: 0, code: ERRORS[code].number, retryAfterMs: 1_000 });
      await settled();
      await timers.pass(999);
      expect(outcomes).toEqual(['E_TIMEOUT']);
      expect(link.of('openProducer')).toHaveLength(1);
      await timers.pass(1);
      expect(link.of('openProducer')).toHaveLength(2);
      await connect(0, link);
      await publish('3');
      expect(numbersOf(link)).toEqual([1, 2, 3]);
      await receive(1, 10, 3);
      expect(outcomes).toEqual(['E_TIMEOUT', 10, 12]);
    },
  );

  it('an outbox that is refused for good: callers are told', async () => {
    const { publisher, publish, outcomes } = start();
    await publish('1');
    publisher.open(new ScriptedLink());
    const code = ERRORS.E_BAD_REQUEST.number;
    publisher.onOpened({ id: 0x3a, producer: 1, number: 0, code, retryAfterMs: 0 });
    await publish('2');
    expect(outcomes).toEqual(['E_BAD_REQUEST', 'E_BAD_REQUEST']);
  });

  it('R16: a refusal without a time is final: the caller has its code, the event leaves', async () => {
    const { publish, connect, refuse, outcomes, outbox, refused } = start();
    await connect();
    await publish('1', { eventId: 'id' });
    await refuse(1, 'E_EVENT_CONFLICT');
    expect(outcomes).toEqual(['E_EVENT_CONFLICT']);
    expect(outbox.waiting.events).toBe(0);
    expect(refused).toEqual([]);
    await publish('2', { eventId: 'id' });
    expect(outbox.waiting.events).toBe(1);
  });

  it.each(['E_BUSY', 'E_STORE_FULL', 'E_STORE_UNAVAILABLE'] as const)(
    '6: %s is tried again after its time, in order, before what came later',
    async (code) => {
      const { timers, publish, connect, receive, refuse, outcomes } = start();
      const link = await connect();
      for (const text of ['1', '2', '3']) await publish(text);
      await receive(1, 1);
      await refuse(2, code, 700);
      await refuse(3, code, 700);
      await publish('4');
      await timers.pass(699);
      expect(numbersOf(link)).toEqual([1, 2, 3]);
      await timers.pass(1);
      expect(numbersOf(link)).toEqual([1, 2, 3, 2, 3, 4]);
      await receive(2, 2, 3);
      expect(outcomes).toEqual([1, 2, 3, 4]);
    },
  );

  it('R10: a full address does not hold up others', async () => {
    const { timers, publish, connect, receive, refuse, outcomes } = start();
    const link = await connect();
    await publish('1', { to: 'agent:full' });
    await refuse(1, 'E_QUEUE_FULL', 1_000);
    await publish('2', { to: 'agent:full' });
    await publish('3');
    expect(numbersOf(link)).toEqual([1, 3]);
    await receive(3, 8);
    await timers.pass(1_000);
    expect(numbersOf(link)).toEqual([1, 3, 1]);
    await receive(1, 9);
    expect(numbersOf(link)).toEqual([1, 3, 1, 2]);
    await receive(2, 10);
    expect(outcomes).toEqual([8, 9, 10]);
  });

  it('O6: a server without events: callers are told at once, events wait for one that has them', async () => {
    const { publisher, publish, connect, receive, outcomes } = start();
    await publish('1');
    publisher.open(new ScriptedLink(false));
    await settled();
    await publish('2');
    expect(outcomes).toEqual(['E_NO_EVENTS', 'E_NO_EVENTS']);
    publisher.lose(undefined);
    const link = await connect();
    expect(numbersOf(link)).toEqual([1, 2]);
    await receive(1, 1, 2);
    expect(publisher.isEmpty).toBe(true);
  });

  it('E6: the same id while the first is under way, and after its receipt', async () => {
    const { publish, connect, receive, outcomes } = start();
    const link = await connect();
    await publish('x', { eventId: 'id' });
    await publish('x', { eventId: 'id' });
    await publish('y', { eventId: 'id' });
    expect(outcomes).toEqual(['E_EVENT_CONFLICT']);
    await receive(1, 44);
    await publish('x', { eventId: 'id' });
    expect(outcomes).toEqual(['E_EVENT_CONFLICT', 44, 44, 44]);
    expect(numbersOf(link)).toEqual([1]);
  });

  it('R4: receipts that nobody waits for do nothing; one that claims more than was sent ends the connection', async () => {
    const { publish, connect, receive, outcomes } = start();
    const link = await connect();
    await publish('1');
    await receive(99, 1);
    expect([outcomes, link.failedWith]).toEqual([[], undefined]);
    await receive(1, 1, 4_000_000_000);
    expect([outcomes, link.failedWith]).toEqual([[], 'E_STATE']);
  });

  it('E11: 10,000 events of before go out in order, once, however receipts come', async () => {
    const { publisher, outbox, connect } = start();
    const told: number[] = [];
    const all = Array.from({ length: 10_000 }, (_, index) =>
      publisher.publish(sampleEvent(`${index}`), { timeoutMs: 0 }).then(({ sequence }) => told.push(sequence)),
    );
    const link = await connect();
    let answered = 0;
    while (answered < 10_000) {
      const numbers = numbersOf(link) as number[];
      const count = Math.min(numbers.length - answered, 700);
      publisher.onReceipt({
        id: 0x3c,
        producer: 1,
        number: answered + 1,
        count,
        sequence: answered + 1,
        durability: 0,
        code: 0,
        retryAfterMs: 0,
      });
      answered += count;
      await settled();
    }
    await Promise.all(all);
    expect(numbersOf(link)).toEqual(Array.from({ length: 10_000 }, (_, index) => index + 1));
    expect(told).toEqual(numbersOf(link));
    expect(outbox.waiting).toEqual({ events: 0, bytes: 0 });
  });
});
