/** Many agents and a server that is killed (B8), as a real process, and names whose addresses fail (B10). */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { connect, type Agent } from '../../src/index.ts';
import { Workbench } from '../processes.ts';
import { TestServer } from '../test-server.ts';

const AGENTS_FULL = 5_000;
const AGENTS = process.env['TEST_MANY_AGENTS'] === '1' ? AGENTS_FULL : 500;
if (AGENTS < AGENTS_FULL) console.warn(`B8: ${AGENTS} agents instead of ${AGENTS_FULL}; TEST_MANY_AGENTS=1 takes all`);
/** Longest time until all are back. */
const BACK_MS_MAX = 60_000;
/** Agents that connect at a time. */
const AT_A_TIME = 50;

jest.setTimeout(4 * BACK_MS_MAX);

let bench = new Workbench();
const agents: Agent[] = [];
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.close()));
  await bench.dispose();
  bench = new Workbench();
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('restart', () => {
  it(`B8: ${AGENTS} agents are back after kill -9, each at its own time, and are served`, async () => {
    const dataDir = bench.directory();
    const first = await bench.serve({ dataDir });
    while (agents.length < AGENTS) {
      const more = Array.from({ length: AT_A_TIME }, (_, index) =>
        connect({
          server: `127.0.0.1:${first.port}`,
          id: `agent-${agents.length + index}`,
          serverKey: first.fingerprint,
          reconnect: true,
        }),
      );
      agents.push(...(await Promise.all(more)));
    }
    const delays = new Set<number>();
    const backAt: number[] = [];
    for (const agent of agents) {
      agent.on('reconnecting', ({ delayMs, attempt }) => attempt === 1 && delays.add(delayMs));
      agent.on('connected', () => backAt.push(performance.now()));
    }
    first.program.kill('SIGKILL');
    await first.program.ended;
    await bench.serve({ dataDir, port: first.port });
    const startMs = performance.now();
    while (backAt.length < AGENTS && performance.now() - startMs < BACK_MS_MAX) await pause(20);
    expect(backAt).toHaveLength(AGENTS);
    expect(delays.size).toBeGreaterThan(AGENTS / 5);
    expect(Math.max(...backAt) - Math.min(...backAt)).toBeGreaterThan(AGENTS / 5);
    const replies = await Promise.all(agents.map((agent) => agent.request('echo', 'back')));
    expect(replies.map((reply) => reply.text())).toEqual(agents.map(() => 'back'));
  });
});

describe('names with several addresses', () => {
  it('B10: where only one family answers, that one is taken', async () => {
    const server = await TestServer.listen();
    const agent = await connect({ server: `localhost:${server.port}`, reconnect: false });
    agents.push(agent);
    expect((await agent.request('echo', 'x')).text()).toBe('x');
    await Promise.all(agents.splice(0).map((each) => each.close()));
    await server.close();
  });
});
