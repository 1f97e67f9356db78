import { beforeEach, describe, expect, it } from '@jest/globals';
import type { NewEvent, PublishResult } from '../../store/index.ts';
import { PublishLane, type Addressed, type LaneWork } from './publish-lane.ts';

type Publish = (events: readonly Addressed[]) => Promise<readonly PublishResult[]>;

const STORED: PublishResult = { status: 'stored', sequence: 1, durability: 'durable' };
const FULL: PublishResult = { status: 'refused', code: 'E_STORE_FULL', retryAfterMs: 1_000 };
const CONFLICT: PublishResult = { status: 'refused', code: 'E_EVENT_CONFLICT', retryAfterMs: 0 };

let batches: string[][];
let done: string[];
let timers: (() => void)[];

beforeEach(() => {
  batches = [];
  done = [];
  timers = [];
});

function laneOf(publish: Publish): PublishLane {
  const environment = {
    now: () => 0,
    wallClock: () => 0,
    schedule: (_delayMs: number, run: () => void) => {
      timers.push(run);
      return { cancel: () => undefined };
    },
  };
  const noting: Publish = (events) => {
    batches.push(events.map(({ event }) => event.id));
    return publish(events);
  };
  return new PublishLane({ publish: noting, environment, retryMs: 10 });
}

function workOf(name: string, recipients: readonly string[], bytes = 10): LaneWork {
  const eventFor = (agentId: string) => ({ id: `${name}.${agentId}` }) as NewEvent;
  return { recipients, bytes, eventFor, onDone: () => done.push(name) };
}

async function turns(): Promise<void> {
  for (let count = 0; count < 20; count++) await Promise.resolve();
}

describe('PublishLane', () => {
  it('publishes in order, and what comes meanwhile together', async () => {
    const gate = Promise.withResolvers<undefined>();
    const lane = laneOf(async (events) => {
      await gate.promise;
      return events.map(() => STORED);
    });
    const all = [lane.add(workOf('one', ['a', 'b'])), lane.add(workOf('two', ['a'])), lane.add(workOf('three', ['b']))];
    gate.resolve(undefined);
    await Promise.all(all);
    expect(batches).toEqual([
      ['one.a', 'one.b'],
      ['two.a', 'three.b'],
    ]);
    expect(done).toEqual(['one', 'two', 'three']);
    expect(lane.waiting).toBe(0);
  });

  it('no batch holds more than 4,096 events, or 8 MiB unless one event is larger', async () => {
    const lane = laneOf((events) => Promise.resolve(events.map(() => STORED)));
    const many = Array.from({ length: 5_000 }, (_, index) => String(index));
    await lane.add(workOf('many', many));
    expect(batches.map(({ length }) => length)).toEqual([4_096, 904]);
    batches = [];
    await lane.add(workOf('large', many.slice(0, 10), 3_000_000));
    expect(batches.map(({ length }) => length)).toEqual([2, 2, 2, 2, 2]);
  });

  it('while the store refuses nobody waits, and what it refused comes first afterwards', async () => {
    let isFull = true;
    const lane = laneOf((events) => Promise.resolve(events.map((_, index) => (isFull && index > 0 ? FULL : STORED))));
    await lane.add(workOf('one', ['a', 'b', 'c']));
    await lane.add(workOf('two', ['a']));
    expect([lane.waiting, done]).toEqual([2, []]);
    isFull = false;
    timers.shift()?.();
    await turns();
    expect(batches).toEqual([['one.a', 'one.b', 'one.c'], ['one.b', 'one.c'], ['two.a']]);
    expect([lane.waiting, done]).toEqual([0, ['one', 'two']]);
  });

  it('a store that throws is asked again; what it refuses for good is over', async () => {
    let isBroken = true;
    const lane = laneOf((events) =>
      isBroken ? Promise.reject(new Error('gone')) : Promise.resolve(events.map(() => CONFLICT)),
    );
    await lane.add(workOf('one', ['a']));
    isBroken = false;
    timers.shift()?.();
    await turns();
    expect([batches.length, done]).toEqual([2, ['one']]);
  });

  it('takes up nothing once it is stopped, and lets everybody go', async () => {
    const lane = laneOf(() => new Promise(() => undefined));
    const added = lane.add(workOf('one', ['a']));
    const behind = lane.add(workOf('two', ['a']));
    lane.stop();
    await behind;
    await lane.add(workOf('three', ['a']));
    expect([batches.length, done]).toEqual([1, []]);
    void added;
  });
});
