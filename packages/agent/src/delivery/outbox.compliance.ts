/** The compliance suite of the `Outbox` port. It is no test file itself; the caller hands in jest's functions. */
import type { expect as jestExpect, it as jestIt } from '@jest/globals';
import type { Outbox, OutboxLimits, OutgoingEvent } from './outbox.ts';

/** Makes an empty outbox. `wallClock` is the test's. */
export type OpenOutbox = (options: {
  readonly limits?: OutboxLimits;
  readonly wallClock: () => number;
}) => Promise<Outbox>;

/** An event for tests. */
export function sampleEvent(text: string, changes: Partial<OutgoingEvent> = {}): OutgoingEvent {
  return {
    to: 'topic:t',
    eventId: null,
    contentType: 'text/plain',
    body: Buffer.from(text),
    ttlMs: 0,
    delayMs: 0,
    relaxed: false,
    ...changes,
  };
}

const DAY_MS = 86_400_000;
const ALL = { eventsMax: 1_000, bytesMax: 1_000_000 } as const;

export function outboxCompliance(
  open: OpenOutbox,
  { it, expect }: { readonly it: typeof jestIt; readonly expect: typeof jestExpect },
): void {
  let now = 1_000_000_000_000;
  const wallClock = (): number => now;

  it('E11: numbers ascend, events come back as they were, in order and in portions', async () => {
    const outbox = await open({ wallClock });
    const event = sampleEvent('one', { contentType: null, ttlMs: 5, delayMs: 6, relaxed: true });
    const first = outbox.add(event);
    const numbers = ['two', 'three'].map((text) => outbox.add(sampleEvent(text)).number);
    expect([first.number, ...numbers]).toEqual([1, 2, 3]);
    expect(await first.added).toEqual({ kind: 'stored' });
    const [read] = await outbox.read(0, { eventsMax: 1, bytesMax: 1_000 });
    expect({ ...read, body: Buffer.from(read?.body ?? []).toString() }).toEqual({ ...event, number: 1, body: 'one' });
    expect((await outbox.read(1, ALL)).map(({ number }) => number)).toEqual([2, 3]);
    expect(await outbox.read(1, { eventsMax: 5, bytesMax: 1 })).toHaveLength(1);
    expect(outbox.waiting.events).toBe(3);
    await outbox.close();
  });

  it('E11: what has its receipt leaves, and settled means that all before are gone too', async () => {
    const outbox = await open({ wallClock });
    for (const text of ['1', '2', '3']) await outbox.add(sampleEvent(text)).added;
    const [one, two, three] = await outbox.read(0, ALL);
    expect(outbox.settledNumber).toBe(0);
    if (one === undefined || two === undefined || three === undefined) throw new Error('three events were added');
    const receipt = { id: 'x', sequence: 9, durability: 'durable' } as const;
    outbox.settle(two, receipt);
    outbox.settle(one, undefined);
    await outbox.add(sampleEvent('4')).added;
    expect(outbox.settledNumber).toBe(2);
    outbox.settle(three, receipt);
    expect(outbox.waiting.events).toBe(1);
    expect((await outbox.read(0, ALL)).map(({ number }) => number)).toEqual(
      outbox.settledNumber === 3 ? [4] : expect.arrayContaining([4]),
    );
    await outbox.close();
  });

  it('R10: full by events or by bytes refuses with a code and takes nothing', async () => {
    const limits = { eventsMax: 2, bytesMax: 1_000, freeDiskBytesMin: 0 };
    const outbox = await open({ wallClock, limits });
    await outbox.add(sampleEvent('1')).added;
    expect(() => outbox.add(sampleEvent('x'.repeat(1_000)))).toThrow(
      expect.objectContaining({ code: 'E_OUTBOX_FULL' }),
    );
    await outbox.add(sampleEvent('2')).added;
    expect(() => outbox.add(sampleEvent('3'))).toThrow(expect.objectContaining({ code: 'E_OUTBOX_FULL' }));
    const [first] = await outbox.read(0, ALL);
    if (first !== undefined) outbox.settle(first, undefined);
    await outbox.add(sampleEvent('3')).added;
    expect(outbox.waiting.events).toBe(2);
    await outbox.close();
  });

  it('E6, R6: an id of the program is absorbed for a day: the same receipt; other content is a conflict', async () => {
    const outbox = await open({ wallClock });
    const event = sampleEvent('once', { eventId: 'id-1' });
    const [first, again, other] = [event, event, sampleEvent('other', { eventId: 'id-1' })].map((each) =>
      outbox.add(each),
    );
    expect(await first?.added).toEqual({ kind: 'stored' });
    expect(await again?.added).toEqual({ kind: 'duplicate', number: 1, receipt: undefined });
    expect(await other?.added).toEqual({ kind: 'conflict' });
    expect(outbox.waiting.events).toBe(1);
    const [queued] = await outbox.read(0, ALL);
    const receipt = { id: 'id-1', sequence: 77, durability: 'relaxed' } as const;
    if (queued !== undefined) outbox.settle(queued, receipt);
    expect(await outbox.receiptOf('id-1')).toEqual(receipt);
    expect(await outbox.add(event).added).toEqual({ kind: 'duplicate', number: 1, receipt });
    now += DAY_MS + 1_000;
    for (const id of ['id-2', 'id-3']) await outbox.add(sampleEvent('x', { eventId: id })).added;
    expect(await outbox.add(event).added).toEqual({ kind: 'stored' });
    await outbox.close();
  });

  it('R16: an id whose event was refused may be used again', async () => {
    const outbox = await open({ wallClock });
    await outbox.add(sampleEvent('x', { eventId: 'id' })).added;
    const [queued] = await outbox.read(0, ALL);
    if (queued !== undefined) outbox.settle(queued, undefined);
    await outbox.add(sampleEvent('other')).added;
    expect(await outbox.add(sampleEvent('y', { eventId: 'id' })).added).toEqual({ kind: 'stored' });
    await outbox.close();
  });

  it('after close nothing is taken', async () => {
    const outbox = await open({ wallClock });
    await outbox.close();
    expect(() => outbox.add(sampleEvent('late'))).toThrow(expect.objectContaining({ code: 'E_CLOSED' }));
  });
}
