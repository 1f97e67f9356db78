/** The wall clock of a server that runs is set a day ahead, or a day back: nothing expires early, nothing comes early or late. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { utf8Decode } from '@sealane/shared/bytes';
import { systemStoreEnvironment } from '../../src/store/index.ts';
import { EventAgent } from '../delivery/event-agent.ts';
import { newIdentity } from '../test-agent.ts';
import { TestServer, eventually } from '../test-server.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The store looks once a minute for what expired. Here it does so more often, by the clock that the server gave it. */
const SWEEP_MS = 60_000;
const SWEEP_HERE_MS = 50;
const LIMIT_MS = 20_000;

let server: TestServer;
let aheadMs = 0;
let sweeps = 0;

afterEach(async () => {
  await server.stop();
  jest.restoreAllMocks();
});

async function start(store: string | undefined): Promise<void> {
  aheadMs = 0;
  const schedule = systemStoreEnvironment.schedule.bind(systemStoreEnvironment);
  jest.spyOn(systemStoreEnvironment, 'schedule').mockImplementation((delayMs, callback) => {
    if (delayMs !== SWEEP_MS) return schedule(delayMs, callback);
    return schedule(SWEEP_HERE_MS, () => {
      callback();
      sweeps += 1;
    });
  });
  const wallClock = (): number => Date.now() + aheadMs;
  server = await TestServer.start({ store, wallClock, queueLimits: { retentionMs: 2 * HOUR_MS } });
}

/** An agent that has a queue and is away; it comes back with the function. */
async function takerThatIsAway(): Promise<() => Promise<EventAgent>> {
  const options = { port: server.port, agentId: 'taker', identity: newIdentity() };
  await (await EventAgent.open(options)).agent.close();
  return async () => {
    const taker = await EventAgent.open(options);
    taker.onEvent = (event) => taker.ack(event);
    await taker.subscribe(null);
    return taker;
  };
}

async function publish(name: string, times: { readonly ttlMs?: number; readonly delayMs?: number } = {}) {
  await server.library.publish('agent:taker', name, times);
}

/** The store has looked at all of its few queues since. */
async function swept(): Promise<void> {
  const before = sweeps;
  await eventually('the store looks for what expired', () => sweeps > before, LIMIT_MS);
}

const namesOf = ({ events }: EventAgent): readonly string[] => events.map(({ body }) => utf8Decode(body) ?? '').sort();

describe.each(['memory:', undefined])('the wall clock jumps under a server, store %s', (store) => {
  it('O3, rule 8: a day ahead: what lives for hours lives on, and what is to come in an hour does not come', async () => {
    await start(store);
    const comeBack = await takerThatIsAway();
    await publish('lives an hour', { ttlMs: HOUR_MS });
    await publish('lives as long as the queue keeps it');
    await publish('comes in an hour', { delayMs: HOUR_MS });
    // When it is due, the store looks at all that wait for their time.
    await publish('comes soon', { delayMs: 1_000 });
    aheadMs = DAY_MS;
    await swept();
    const taker = await comeBack();
    await eventually('three events', () => taker.events.length >= 3, LIMIT_MS);
    await publish('comes a little later', { delayMs: 200 });
    await eventually('one more', () => taker.events.length >= 4, LIMIT_MS);
    expect(namesOf(taker)).toEqual([
      'comes a little later',
      'comes soon',
      'lives an hour',
      'lives as long as the queue keeps it',
    ]);
    expect(taker.skipped).toEqual([]);
    expect(server.library.counters().events.expired).toBe(0);
    await taker.agent.close();
  }, 120_000);

  it('O3, rule 8: a day back: what waits comes when it is due, and what is to expire does', async () => {
    await start(store);
    const comeBack = await takerThatIsAway();
    await publish('lives a second', { ttlMs: 1_000 });
    await publish('lives an hour', { ttlMs: HOUR_MS });
    const publishedAt = performance.now();
    await publish('comes soon', { delayMs: 1_500 });
    aheadMs = -DAY_MS;
    // The steady clock may be slower by half a percent.
    await sleep(1_100);
    const taker = await comeBack();
    let cameAt = 0;
    await eventually(
      'the delayed event',
      () => {
        cameAt = performance.now();
        return namesOf(taker).includes('comes soon');
      },
      LIMIT_MS,
    );
    expect(cameAt - publishedAt).toBeGreaterThan(1_400);
    expect(namesOf(taker)).toEqual(['comes soon', 'lives an hour']);
    expect(taker.skipped).toHaveLength(1);
    await taker.agent.close();
  }, 120_000);
});
