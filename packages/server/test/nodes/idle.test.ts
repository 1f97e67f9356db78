/** An idle fleet of agents: SQLite does nothing, Redis at most two commands a second and node. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasRedis } from '@sealane/node/testing';
import { SUITE } from '@sealane/shared/wire';
import { EventAgent } from '../delivery/event-agent.ts';
import { ServerProcess } from '../server-process.ts';
import { newIdentity } from '../test-agent.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { adminApi } from '../torture/admin-api.ts';
import { NodeFleet, type FleetNode } from './node-fleet.ts';

jest.setTimeout(240_000);

const isLong = process.env['TEST_LONG_KILLS'] === '1';
/** One command of each of them in a round would be four a second and node already. */
const AGENTS = isLong ? 1_000 : 250;
if (!isLong) console.warn(`SKIPPED an idle fleet of 1,000 agents, ${AGENTS} are idle: TEST_LONG_KILLS=1 does all`);
const AT_ONCE = 20;
/** What connecting left to do is done by then. */
const SETTLE_MS = 3_000;
/** One round of everything that a node does of itself. */
const ROUND_MS = 31_000;
const COMMANDS_PER_SECOND_MAX = 2;
const NODES = ['first', 'second'];
/** What is idle is the same after a handshake that costs less, and with one key for all. */
const ANY_SUITE = ['--suites', 'any'];
const settings = { suites: [SUITE.classical] };
const identity = newIdentity();

const connected: EventAgent[] = [];

async function connect(ports: readonly number[]): Promise<void> {
  let next = 0;
  const connectSome = async (): Promise<void> => {
    while (next < AGENTS) {
      const number = next++;
      const port = ports[number % ports.length] ?? 0;
      const agent = await EventAgent.open({ port, agentId: `idle-${number}`, identity, settings });
      await agent.subscribe(null);
      connected.push(agent);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, connectSome));
}

/** A figure before and after nothing was done for so long. */
type Idle = (idleMs: number) => Promise<readonly [before: number, after: number]>;

/** Agents at a server with SQLite. @returns operations of its store. */
async function sqliteFleet(end: (() => Promise<unknown>)[]): Promise<Idle> {
  const directory = temporaryDirectory();
  end.push(() => rm(directory, { recursive: true, force: true }));
  const words = ['--data-dir', directory, '--admin-port', '0', '--log-level', 'error', ...ANY_SUITE];
  const server = await ServerProcess.start(words);
  end.push(() => server.end('SIGKILL'));
  await connect([server.port]);
  const admin = adminApi(server, directory);
  const operations = async (): Promise<number> => (await admin.metrics()).get('sealane_store_operations_total') ?? 0;
  return (idleMs) => around(operations, idleMs);
}

/** Agents at two nodes on Redis. @returns its commands. */
async function redisFleet(end: (() => Promise<unknown>)[]): Promise<Idle> {
  const fleet = await NodeFleet.start();
  end.push(() => fleet.stop());
  const nodes: FleetNode[] = [];
  for (const name of NODES) nodes.push(await fleet.node(name, { words: ANY_SUITE }));
  await connect(nodes.map(({ port }) => port));
  const commands = async (): Promise<number> => {
    const calls = await fleet.redis.commandCalls();
    // Without this test's own.
    return [...calls].reduce((sum, [name, count]) => (['info', 'quit'].includes(name) ? sum : sum + count), 0);
  };
  return (idleMs) => around(commands, idleMs);
}

async function around(read: () => Promise<number>, idleMs: number): ReturnType<Idle> {
  const before = await read();
  await sleep(idleMs);
  return [before, await read()];
}

/** Both at once: being idle takes time and nothing else. */
describe('idle fleets', () => {
  const end: (() => Promise<unknown>)[] = [];
  let operations: readonly [before: number, after: number] = [0, 0];
  let commands: readonly [before: number, after: number] = [0, 0];
  beforeAll(async () => {
    const sqlite = await sqliteFleet(end);
    const redis = hasRedis ? await redisFleet(end) : undefined;
    await sleep(SETTLE_MS);
    [operations, commands] = await Promise.all([sqlite(ROUND_MS), redis?.(ROUND_MS) ?? commands]);
  });
  afterAll(async () => {
    for (const { agent } of connected) agent.destroy();
    for (const task of end.reverse()) await task();
  });

  it(`2.0.9, E11: ${AGENTS} agents with subscriptions cost SQLite no operation`, () => {
    expect(operations[0]).toBeGreaterThan(0);
    expect(operations[1]).toBe(operations[0]);
  });

  (hasRedis ? it : it.skip)(
    `2.0.9, E11: ${AGENTS} agents at two nodes cost Redis at most ${COMMANDS_PER_SECOND_MAX} commands a second and node`,
    () => {
      const perSecondAndNode = (commands[1] - commands[0]) / (ROUND_MS / 1_000) / NODES.length;
      expect(perSecondAndNode).toBeGreaterThan(0);
      expect(perSecondAndNode).toBeLessThanOrEqual(COMMANDS_PER_SECOND_MAX);
    },
  );
});
