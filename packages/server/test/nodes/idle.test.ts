/** An idle fleet of 1,000 agents: SQLite does nothing, Redis at most two commands a second and node. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventAgent } from '../delivery/event-agent.ts';
import { describeWithRedis } from '../redis-server.ts';
import { ServerProcess } from '../server-process.ts';
import { temporaryDirectory } from '../test-server.ts';
import { adminApi } from '../torture/admin-api.ts';
import { NodeFleet } from './node-fleet.ts';

jest.setTimeout(240_000);

const AGENTS = 1_000;
const AT_ONCE = 20;
/** What connecting left to do is done by then. */
const SETTLE_MS = 3_000;
const IDLE_MS = 10_000;
/** One round of everything that a node does of itself. */
const ROUND_MS = 31_000;
const COMMANDS_PER_SECOND_MAX = 2;

let connected: EventAgent[] = [];

async function connect(ports: readonly number[]): Promise<void> {
  let next = 0;
  const connectSome = async (): Promise<void> => {
    while (next < AGENTS) {
      const number = next++;
      const agent = await EventAgent.open({ port: ports[number % ports.length] ?? 0, agentId: `idle-${number}` });
      await agent.subscribe(null);
      connected.push(agent);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, connectSome));
  await sleep(SETTLE_MS);
}

afterEach(() => {
  for (const { agent } of connected) agent.destroy();
  connected = [];
});

describe('an idle fleet', () => {
  it(`2.0.9, E11: ${AGENTS} agents with subscriptions cost SQLite no operation`, async () => {
    const directory = temporaryDirectory();
    const server = await ServerProcess.start(['--data-dir', directory, '--admin-port', '0', '--log-level', 'error']);
    try {
      await connect([server.port]);
      const admin = adminApi(server, directory);
      const before = await admin.metrics();
      await sleep(IDLE_MS);
      const after = await admin.metrics();
      expect(after.get('sealane_store_operations_total')).toBeGreaterThan(0);
      expect(after.get('sealane_store_operations_total')).toBe(before.get('sealane_store_operations_total'));
    } finally {
      await server.end('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describeWithRedis('an idle fleet on Redis', () => {
  it(`2.0.9, E11: ${AGENTS} agents at two nodes cost Redis at most ${COMMANDS_PER_SECOND_MAX} commands a second and node`, async () => {
    const fleet = await NodeFleet.start();
    try {
      const nodes = [await fleet.node('first'), await fleet.node('second')];
      await connect(nodes.map(({ port }) => port));
      const total = async (): Promise<number> => {
        const calls = await fleet.redis.commandCalls();
        // Without this test's own.
        return [...calls].reduce((sum, [name, count]) => (['info', 'quit'].includes(name) ? sum : sum + count), 0);
      };
      const before = await total();
      await sleep(ROUND_MS);
      const perSecondAndNode = ((await total()) - before) / (ROUND_MS / 1_000) / nodes.length;
      expect(perSecondAndNode).toBeGreaterThan(0);
      expect(perSecondAndNode).toBeLessThanOrEqual(COMMANDS_PER_SECOND_MAX);
    } finally {
      await fleet.stop();
    }
  });
});
