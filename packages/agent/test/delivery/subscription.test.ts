/** One subscription against a server in the test's hands, over virtual time. */
import { describe, expect, it } from '@jest/globals';
import { ERRORS, type ErrorCode } from '@sealane/shared/errors';
import type { Event } from '@sealane/shared/packets';
import { RetryLater, type DeliveredEvent } from '../../src/delivery/delivered-event.ts';
import { DurableSubscription } from '../../src/delivery/durable-subscription.ts';
import type { Inbox } from '../../src/delivery/inbox.ts';
import { MemoryInbox } from '../../src/delivery/memory-inbox.ts';
import type { EventHandler, SkippedEvents, SubscribeOptions } from '../../src/delivery/subscription.ts';
import { ScriptedLink, TestTimers, settled } from './scripted-link.ts';

const LINEAGE = new Uint8Array(16).fill(7);
const ACK_WAIT_MS = 30_000;

interface Setup {
  readonly handler?: EventHandler;
  readonly options?: SubscribeOptions;
  readonly inbox?: Inbox;
}

function start({ handler = () => undefined, options = {}, inbox = new MemoryInbox() }: Setup = {}) {
  const timers = new TestTimers();
  const faults: string[] = [];
  const subscription = new DurableSubscription(
    { topic: 'fleet.>', handle: 3, handler, options },
    {
      timers,
      inbox: () => Promise.resolve(inbox),
      onFault: (what) => faults.push(what),
      onEnded: () => undefined,
    },
  );
  const connect = async (cursor = 0, lineage = LINEAGE, link = new ScriptedLink()): Promise<ScriptedLink> => {
    subscription.open(link);
    await settled();
    const granted = { windowEvents: 4, ackWaitMs: ACK_WAIT_MS, waiting: 2, durability: 0 };
    subscription.onSubscribed({ id: 0x31, subscription: 3, lineage, cursor, nextSequence: cursor + 100, ...granted });
    await settled();
    return link;
  };
  const deliver = async (sequence: number, attempt = 1): Promise<void> => {
    subscription.onEvent(packet(sequence, attempt));
    await settled();
  };
  const unsubscribed = async (code: ErrorCode | undefined, retryAfterMs = 0): Promise<void> => {
    const number = code === undefined ? 0 : ERRORS[code].number;
    subscription.onUnsubscribed({ id: 0x33, subscription: 3, code: number, retryAfterMs });
    await settled();
  };
  return { timers, faults, subscription, connect, deliver, unsubscribed, inbox };
}

function packet(sequence: number, attempt: number): Event {
  return {
    id: 0x34,
    subscription: 3,
    sequence,
    attempt,
    eventId: `e-${sequence}`,
    publishedAt: 1,
    from: 'server',
    topic: 'fleet.eu',
    body: Buffer.from(`"${sequence}"`),
    contentType: 'application/json',
  };
}

const acks = (link: ScriptedLink): string[] =>
  link.of('ackEvent').map(({ sequence, attempt }) => `${String(sequence)}/${String(attempt)}`);

describe('DurableSubscription', () => {
  it('E1: opens with what it asks for, hands events out in order and acks each when its handler is done', async () => {
    const seen: unknown[] = [];
    const { subscription, connect, deliver } = start({
      handler: (event) => void seen.push([event.id, event.topic, event.json(), event.text(), event.attempt]),
      options: { windowEvents: 9, ackWaitMs: 5_000 },
    });
    const link = await connect();
    expect(link.of('subscribe')).toEqual([
      {
        subscription: 3,
        topic: 'fleet.>',
        group: null,
        windowEvents: 9,
        ackWaitMs: 5_000,
        lineage: null,
        cursor: 0,
        doneBitmap: new Uint8Array(0),
      },
    ]);
    expect(await subscription.ready).toMatchObject({ waiting: 2, windowEvents: 4, durability: 'durable' });
    await deliver(1);
    await deliver(2);
    expect(seen).toEqual([
      ['e-1', 'fleet.eu', '1', '"1"', 1],
      ['e-2', 'fleet.eu', '2', '"2"', 1],
    ]);
    expect(acks(link)).toEqual(['1/1', '2/1']);
  });

  it('R3: what is done and delivered again is acked, and not handled again; a new connection tells what is done', async () => {
    let handled = 0;
    const { subscription, connect, deliver } = start({ handler: () => void (handled += 1) });
    await connect();
    await deliver(1);
    await deliver(3);
    subscription.lose();
    const link = await connect();
    expect(link.of('subscribe')[0]).toMatchObject({ lineage: LINEAGE, cursor: 1, doneBitmap: Uint8Array.of(0b10) });
    await deliver(3, 2);
    expect(acks(link)).toEqual(['3/2']);
    expect(handled).toBe(2);
  });

  it('R2: another process of the agent goes on from the inbox', async () => {
    const inbox = new MemoryInbox();
    const first = start({ inbox });
    await first.connect();
    await first.deliver(1);
    let handled = 0;
    const second = start({ inbox, handler: () => void (handled += 1) });
    const link = await second.connect();
    expect(link.of('subscribe')[0]).toMatchObject({ lineage: LINEAGE, cursor: 1 });
    await second.deliver(1, 2);
    await second.deliver(2);
    expect(handled).toBe(1);
    expect(acks(link)).toEqual(['1/2', '2/1']);
  });

  it('M10: another lineage makes the same sequences other events', async () => {
    let handled = 0;
    const { subscription, connect, deliver } = start({ handler: () => void (handled += 1) });
    await connect();
    await deliver(1);
    subscription.lose();
    await connect(0, new Uint8Array(16).fill(8));
    await deliver(1);
    expect(handled).toBe(2);
  });

  it('E2: a handler that throws nacks with the reason, escaped and short; RetryLater with its delay', async () => {
    const errors: Error[] = [new Error(`bad \u001b[31m${'ä'.repeat(300)}`), new RetryLater(1_234, 'no paper')];
    const { connect, deliver } = start({
      handler: () => {
        throw errors.shift() ?? new Error('no more');
      },
    });
    const link = await connect();
    await deliver(1);
    await deliver(2, 5);
    const [first, second] = link.of('nackEvent');
    expect(first).toMatchObject({ sequence: 1, attempt: 1, delayMs: 0 });
    expect(String(first?.['reason'])).toMatch(/^bad \\u\{1b\}\[31mä+$/);
    expect(Buffer.byteLength(String(first?.['reason']))).toBeLessThanOrEqual(256);
    expect(second).toMatchObject({ sequence: 2, attempt: 5, delayMs: 1_234, reason: 'no paper' });
    await deliver(1, 2);
    expect(link.of('nackEvent')).toHaveLength(3);
  });

  it('R8: a slow handler keeps its event by progress, and so do those that wait for it; no second handler, one ack', async () => {
    const gate = Promise.withResolvers<undefined>();
    let started = 0;
    const { timers, connect, deliver } = start({
      handler: async () => {
        started += 1;
        await gate.promise;
      },
    });
    const link = await connect();
    await deliver(1);
    await deliver(2);
    await timers.pass(ACK_WAIT_MS * 2);
    const progress = link.of('eventProgress');
    expect(progress.filter(({ sequence }) => sequence === 1).length).toBeGreaterThanOrEqual(3);
    expect(progress.filter(({ sequence }) => sequence === 2).length).toBeGreaterThanOrEqual(3);
    await deliver(1, 2);
    expect(started).toBe(1);
    gate.resolve(undefined);
    await settled();
    expect(acks(link)).toEqual(['1/2', '2/1']);
  });

  it('R15: work outlives the connection, what only waited does not; its ack goes with the next Subscribe', async () => {
    const gate = Promise.withResolvers<undefined>();
    const { subscription, connect, deliver } = start({ handler: () => gate.promise.then(() => undefined) });
    await connect();
    await deliver(1);
    await deliver(2);
    subscription.lose();
    gate.resolve(undefined);
    await settled();
    const link = await connect();
    expect(link.of('subscribe')[0]).toMatchObject({ cursor: 1 });
    expect(acks(link)).toEqual([]);
    await deliver(2, 2);
    expect(acks(link)).toEqual(['2/2']);
  });

  it('R4, R12: by hand: answers of an earlier attempt, and second ones, count for nothing', async () => {
    const events: DeliveredEvent[] = [];
    const { timers, connect, deliver } = start({
      handler: (event) => void events.push(event),
      options: { acknowledge: 'manual' },
    });
    const link = await connect();
    await deliver(1);
    await deliver(2);
    await timers.pass(ACK_WAIT_MS * 2);
    expect(link.of('eventProgress')).toEqual([]);
    await deliver(1, 2);
    const [old, other, again] = events;
    expect(events.map(({ sequence, attempt }) => `${sequence}/${attempt}`)).toEqual(['1/1', '2/1', '1/2']);
    expect([await old?.ack(), old?.nack(), old?.progress()]).toEqual([false, false, false]);
    expect(again?.progress()).toBe(true);
    expect(await again?.ack()).toBe(true);
    expect(await again?.ack()).toBe(false);
    expect(other?.nack({ reason: 'no', delayMs: 7 })).toBe(true);
    expect(acks(link)).toEqual(['1/2']);
    expect(link.of('nackEvent')).toEqual([{ subscription: 3, sequence: 2, attempt: 1, delayMs: 7, reason: 'no' }]);
  });

  it('R13: skipped sequences are told and acked in their place, and not waited for', async () => {
    const skipped: SkippedEvents[] = [];
    const { subscription, connect, deliver } = start({ options: { onSkipped: (each) => skipped.push(each) } });
    const link = await connect();
    await deliver(1);
    subscription.onSkipped({ id: 0x38, subscription: 3, from: 2, to: 5, reason: 2 });
    subscription.onSkipped({ id: 0x38, subscription: 3, from: 6, to: 6, reason: 77 });
    await settled();
    await deliver(7);
    expect(skipped).toEqual([
      { from: 2, to: 5, reason: 'retention' },
      { from: 6, to: 6, reason: 'unknown' },
    ]);
    expect(acks(link)).toEqual(['1/1', '5/0', '6/0', '7/1']);
    subscription.lose();
    expect((await connect()).of('subscribe')[0]).toMatchObject({ cursor: 7 });
  });

  it('B2: a server that sends more than it granted ends the connection', async () => {
    const { connect, deliver } = start({ handler: () => new Promise(() => undefined) });
    const link = await connect();
    for (let sequence = 1; sequence <= 8; sequence++) await deliver(sequence);
    expect(link.failedWith).toBeUndefined();
    await deliver(9);
    expect(link.failedWith).toBe('E_FLOW_CONTROL');
  });

  it('B2: what had no answer in time, or is left from before a reconnect, is not held against the server', async () => {
    const { timers, subscription, connect, deliver } = start({
      handler: () => new Promise(() => undefined),
      options: { group: 'crew', acknowledge: 'manual' },
    });
    const first = await connect();
    for (let sequence = 1; sequence <= 8; sequence++) await deliver(sequence);
    // Others of the group have these now.
    await timers.pass(ACK_WAIT_MS);
    for (let sequence = 9; sequence <= 12; sequence++) await deliver(sequence);
    expect(first.failedWith).toBeUndefined();
    subscription.lose();
    const second = await connect();
    for (let sequence = 13; sequence <= 20; sequence++) await deliver(sequence);
    expect(second.failedWith).toBeUndefined();
    await deliver(21);
    expect(second.failedWith).toBe('E_FLOW_CONTROL');
  });

  it('B2: however long nothing is answered, what waits is bounded', async () => {
    const { timers, connect, deliver } = start({
      handler: () => new Promise(() => undefined),
      options: { group: 'crew', acknowledge: 'manual' },
    });
    const link = await connect();
    await timers.pass(1_000 * ACK_WAIT_MS);
    // Windows of 4: two, and 64 for the time that passed.
    for (let sequence = 1; sequence <= 4 * 66; sequence++) await deliver(sequence);
    expect(link.failedWith).toBeUndefined();
    await deliver(4 * 66 + 1);
    expect(link.failedWith).toBe('E_FLOW_CONTROL');
  });

  it('A9: a refusal for good ends it with the code; one that passes is tried again', async () => {
    const first = start();
    const link = await first.connect();
    await first.unsubscribed('E_STORE_UNAVAILABLE', 400);
    await first.timers.pass(400);
    expect(link.of('subscribe')).toHaveLength(2);
    await first.unsubscribed('E_FORBIDDEN');
    expect((await first.subscription.whenEnded)?.code).toBe('E_FORBIDDEN');
    const refused = start();
    refused.subscription.open(new ScriptedLink());
    await settled();
    await refused.unsubscribed('E_BAD_TOPIC');
    await expect(refused.subscription.ready).rejects.toMatchObject({ code: 'E_BAD_TOPIC' });
  });

  it('O6: a server without events refuses a new subscription; one that was open waits for the next server', async () => {
    const fresh = start();
    fresh.subscription.open(new ScriptedLink(false));
    await expect(fresh.subscription.ready).rejects.toMatchObject({ code: 'E_NO_EVENTS' });
    const { subscription, connect } = start();
    await connect();
    subscription.lose();
    subscription.open(new ScriptedLink(false));
    subscription.lose();
    expect((await connect()).of('subscribe')).toHaveLength(1);
  });

  it('R15: drain waits for the handler, takes nothing more and leaves the rest to the server', async () => {
    const gate = Promise.withResolvers<undefined>();
    const { subscription, connect, deliver, unsubscribed } = start({
      handler: () => gate.promise.then(() => undefined),
    });
    const link = await connect();
    await deliver(1);
    await deliver(2);
    const drained = subscription.drain();
    await deliver(3);
    gate.resolve(undefined);
    await settled();
    expect(acks(link)).toEqual(['1/1']);
    expect(link.of('unsubscribe')).toEqual([{ subscription: 3, forget: false }]);
    await unsubscribed(undefined);
    await drained;
    expect(await subscription.whenEnded).toBeUndefined();
  });

  it('R15: forget is told on the next connection when there is none, and is not waited for without end', async () => {
    const { timers, subscription, connect, unsubscribed, inbox } = start();
    await connect();
    subscription.lose();
    const forgotten = subscription.unsubscribe({ forget: true });
    await settled();
    const link = await connect();
    expect(link.of('unsubscribe')).toEqual([{ subscription: 3, forget: true }]);
    await unsubscribed(undefined);
    await forgotten;
    expect(await inbox.load(subscription.name)).toEqual([]);
    const other = start();
    const late = other.subscription.unsubscribe({ forget: true });
    late.catch(() => undefined);
    await settled();
    await other.timers.pass(30_000);
    await expect(late).rejects.toMatchObject({ code: 'E_TIMEOUT' });
    await timers.pass(1);
  });

  it('S4: an inbox that cannot be written is told, and the event is acked: its work was done', async () => {
    class FailingInbox extends MemoryInbox {
      override save(): Promise<void> {
        return Promise.reject(new Error('disk'));
      }
    }
    const { connect, deliver, faults } = start({ inbox: new FailingInbox() });
    const link = await connect();
    await deliver(1);
    expect(acks(link)).toEqual(['1/1']);
    expect(faults).toEqual(['what is done cannot be written down']);
  });
});
