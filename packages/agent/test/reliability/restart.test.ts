/** Many agents and a server that is killed (B8), as a real process, and names whose addresses fail (B10). */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { connect, type Agent } from '../../src/index.ts';
import { Workbench } from '../processes.ts';
import { TestServer } from '../test-server.ts';

jest.setTimeout(60_000);

let bench = new Workbench();
const agents: Agent[] = [];
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.close()));
  await bench.dispose();
  bench = new Workbench();
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('restart', () => {
  it('B8: a hundred agents are back after kill -9, each at its own time, and are served', async () => {
    const dataDir = bench.directory();
    const first = await bench.serve({ dataDir });
    for (let index = 0; index < 100; index++) {
      agents.push(
        await connect({
          server: `127.0.0.1:${first.port}`,
          id: `agent-${index}`,
          serverKey: first.fingerprint,
          reconnect: true,
        }),
      );
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
    while (backAt.length < 100 && performance.now() - startMs < 40_000) await pause(20);
    expect(backAt).toHaveLength(100);
    expect(delays.size).toBeGreaterThan(50);
    expect(Math.max(...backAt) - Math.min(...backAt)).toBeGreaterThan(200);
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
