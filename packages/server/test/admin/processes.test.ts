/** The admin port of `serve --processes` as a real server: it covers all processes, also while one of them is gone. */
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EventAgent } from '../delivery/event-agent.ts';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { ServerProcess, runServerCommand } from '../server-process.ts';
import { TestAgent, newIdentity, outcome } from '../test-agent.ts';
import { eventually } from '../eventually.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { askAdmin, type Answer, type Asked } from './test-admin.ts';

jest.setTimeout(60_000);

const PROCESSES = 3;

let directory: string;
let redis: RedisServer;
let server: ServerProcess;
let token: string;
let agents: TestAgent[] = [];

async function ask(path: string, asked: Asked = {}): Promise<Answer> {
  return await askAdmin({ port: server.adminPort ?? 0, token }, path, asked);
}

interface ShownProcess {
  readonly process: number;
  readonly pid: number;
  readonly state: string;
  readonly connections: number;
  readonly restarts: number;
}

async function processes(): Promise<readonly ShownProcess[]> {
  return (await ask('/v1/status')).json['processes'] as readonly ShownProcess[];
}

async function metric(name: string): Promise<number> {
  const { text } = await ask('/metrics', { token: undefined });
  const lines = text.split('\n').filter((line) => line.startsWith(`sealane_${name} `));
  expect(lines).toHaveLength(1);
  return Number(lines[0]?.split(' ')[1]);
}

async function connect(agentId: string, more: Partial<Parameters<typeof TestAgent.open>[0]> = {}): Promise<TestAgent> {
  const agent = await TestAgent.open({ port: server.port, agentId, ...more });
  agents.push(agent);
  return agent;
}

/** Which process serves whom, by the log. */
function processOf(agentId: string): unknown {
  return server.log.findLast(({ message, agent }) => message === 'agent connected' && agent === agentId)?.['process'];
}

/** One agent at each process. */
async function connectOneEach(prefix: string): Promise<readonly TestAgent[]> {
  const connected: TestAgent[] = [];
  for (let number = 1; number <= PROCESSES; number++) connected.push(await connect(`${prefix}-${number}`));
  await eventually('one at each', () => {
    const served = connected.map((_, index) => processOf(`${prefix}-${index + 1}`));
    return new Set(served).size === PROCESSES && !served.includes(undefined);
  });
  await eventually('the store knows them', async () => {
    const { items } = (await ask('/v1/agents')).json as {
      items: readonly { id: string; instances: readonly { node: string | null }[] }[];
    };
    const own = items.filter(({ id }) => id.startsWith(prefix));
    return (
      own.length === PROCESSES && own.every(({ instances }) => instances.length === 1 && instances[0]?.node !== null)
    );
  });
  return connected;
}

describeWithRedis('the admin port of several processes', () => {
  beforeAll(async () => {
    directory = temporaryDirectory();
    redis = await RedisServer.start();
    const words = [
      '--data-dir',
      directory,
      '--store',
      redis.url,
      '--admin-port',
      '0',
      '--processes',
      String(PROCESSES),
    ];
    server = await ServerProcess.start(words);
    token = readFileSync(join(directory, 'admin-token'), 'utf8').trim();
  });
  afterAll(async () => {
    server.child.kill('SIGKILL');
    await server.result;
    await redis.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  afterEach(async () => {
    for (const agent of agents) agent.destroy();
    agents = [];
    if (server.child.exitCode !== null) return;
    await eventually('nobody is connected', async () =>
      (await processes()).every(({ connections }) => connections === 0),
    );
  });

  it('H1: status tells each process; metrics and counts are the sums', async () => {
    const before = await metric('handshake_duration_seconds_count');
    await connectOneEach('sum');
    const { json } = await ask('/v1/status');
    expect(json).toMatchObject({
      pid: server.child.pid,
      agents: { online: PROCESSES, connections: PROCESSES },
      processes: [1, 2, 3].map((process) => ({ process, state: 'serving', connections: 1, restarts: 0 })),
    });
    expect(await metric('handshake_duration_seconds_count')).toBe(before + PROCESSES);
    expect(await metric('connections{state="open"}')).toBe(PROCESSES);
    expect(await metric('processes')).toBe(PROCESSES);
    expect(await metric('store_ready')).toBe(1);
    for (let number = 0; number < 2 * PROCESSES; number++)
      expect((await ask('/v1/events', { method: 'POST', body: { to: 'agent:sum-1', payload: number } })).status).toBe(
        201,
      );
    expect(await metric('messages_published_total{result="stored"}')).toBe(2 * PROCESSES);
    await eventually('depth', async () => (await metric('queue_depth')) === 2 * PROCESSES, 20_000);
    expect((await ask('/v1/events')).json).toMatchObject({ items: [{ queue: 'agent:sum-1', waiting: 2 * PROCESSES }] });
  });

  it('H10: agents of all processes are listed in pages with their addresses, kicked, banned, revoked and forgotten', async () => {
    const [one, two, three] = await connectOneEach('each');
    const first = await ask('/v1/agents?limit=2&after=each');
    expect(first.json).toMatchObject({ items: [{ id: 'each-1', online: true }, { id: 'each-2' }], next: 'each-2' });
    const rest = await ask('/v1/agents?limit=2&after=each-2');
    const items = [first, rest].flatMap(({ json }) => json['items'] as { id: string; instances: object[] }[]);
    for (const { instances } of items.filter(({ id }) => id.startsWith('each')))
      expect(instances).toEqual([
        expect.objectContaining({ address: '127.0.0.1', build: 'test-agent', node: expect.stringMatching(/^node-/) }),
      ]);
    expect((await ask('/v1/agents/each-3')).json).toMatchObject({ instances: [{ address: '127.0.0.1' }] });
    expect((await ask('/v1/agents/each-1/kick', { method: 'POST' })).json).toEqual({ disconnected: 1 });
    expect(await one?.closed).toMatchObject({ byPeer: true });
    expect((await ask('/v1/agents/each-2/revoke', { method: 'POST' })).json).toEqual({ disconnected: 1 });
    expect(await two?.closed).toMatchObject({ code: 'E_UNKNOWN_AGENT' });
    expect((await ask('/v1/agents/each-3/ban', { method: 'POST', body: {} })).status).toBe(200);
    expect(await three?.closed).toMatchObject({ code: 'E_BANNED' });
    for (let turn = 0; turn < PROCESSES; turn++)
      expect(await outcome({ port: server.port, agentId: 'each-3' })).toBe('E_BANNED');
    const [forgotten] = await connectOneEach('gone');
    expect((await runServerCommand(['agents', 'forget', 'gone-1', '--data-dir', directory])).code).toBe(0);
    expect(await forgotten?.closed).toMatchObject({ code: 'E_UNKNOWN_AGENT' });
    expect((await ask('/v1/agents/gone-1')).status).toBe(404);
  });

  it('G4: an address that is banned has to go from every process, and gets in nowhere', async () => {
    const connected = await connectOneEach('near');
    expect((await ask('/v1/bans/addresses/127.0.0.1', { method: 'POST', body: {} })).status).toBe(200);
    for (const { closed } of connected) expect(await closed).toMatchObject({ code: 'E_BANNED' });
    for (let turn = 0; turn < PROCESSES; turn++)
      expect(await outcome({ port: server.port, agentId: 'near-1' })).not.toBe('open');
    expect((await ask('/v1/bans/addresses/127.0.0.1', { method: 'DELETE' })).status).toBe(204);
    await eventually('lifted everywhere', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 2 * PROCESSES }, () => outcome({ port: server.port, identity: newIdentity() })),
      );
      return outcomes.every((each) => each === 'open');
    });
  });

  it('A8, A13: tokens are asked for as at one process, and refused ones are audited once', async () => {
    const routes = ['/v1/status', '/v1/agents', '/v1/events', '/v1/openapi.json', '/v1/nothing', '/v1'];
    for (const path of routes) {
      expect((await ask(path, { token: undefined })).status).toBe(401);
      expect((await ask(path, { headers: { host: 'evil.example' } })).status).toBe(403);
    }
    expect((await ask('/nothing', { token: undefined })).status).toBe(404);
    expect((await ask('/v1/nothing')).status).toBe(404);
    expect((await ask('/metrics', { headers: { origin: 'http://127.0.0.1' } })).status).toBe(403);
    expect((await ask('/livez', { method: 'DELETE', token: undefined })).status).toBe(405);
    expect((await ask('/livez', { method: 'HEAD', token: undefined })).status).toBe(200);
    const large = {
      method: 'POST',
      raw: `"${'x'.repeat(5_300_000)}"`,
      headers: { 'content-type': 'application/json' },
    };
    expect(await ask('/v1/events', large)).toMatchObject({ status: 413, json: { code: 'E_TOO_LARGE' } });
    expect((await ask('/v1/events', { ...large, raw: '{"to":' })).status).toBe(400);
    expect((await ask('/v1/events', { ...large, headers: { 'content-type': 'text/plain' }, raw: 'x' })).status).toBe(
      415,
    );
    const largest = { to: 'topic:a', payload: 'é'.repeat(49_000) };
    expect((await ask('/v1/events', { method: 'POST', body: largest })).status).toBe(201);
    const lines = readFileSync(join(directory, 'audit.jsonl'), 'utf8').trim().split('\n');
    const refused = lines.filter((line) => line.includes('admin-token-refused'));
    expect(refused).toHaveLength(routes.length);
    expect(existsSync(join(directory, 'process-2'))).toBe(false);
    expect((await runServerCommand(['audit', 'verify', '--data-dir', directory])).code).toBe(0);
  });

  it('S9, H1: while a process is gone it says so and goes on with the others; sums never fall', async () => {
    await connectOneEach('stay');
    const publisher = await EventAgent.open({ port: server.port, agentId: 'publisher' });
    agents.push(publisher.agent);
    const before = await metric('handshake_duration_seconds_count');
    const [, second] = await processes();
    process.kill(second?.pid ?? 0, 'SIGSTOP');
    const silent = await ask('/readyz', { token: undefined });
    expect(silent).toMatchObject({ status: 503, json: { reasons: ['process-2-silent'] } });
    process.kill(second?.pid ?? 0, 'SIGKILL');
    // Or it is there again before anybody looked.
    await eventually(
      'it is noticed',
      async () => (await ask('/readyz')).text.includes('process-2-starting') || (await processes())[1]?.restarts === 1,
    );
    expect((await ask('/livez')).status).toBe(200);
    expect((await ask('/v1/agents')).status).toBe(200);
    expect(await metric('handshake_duration_seconds_count')).toBeGreaterThanOrEqual(before);
    await eventually('again', async () => (await ask('/readyz')).status === 200, 20_000);
    expect(await metric('handshake_duration_seconds_count')).toBeGreaterThanOrEqual(before);
    expect((await processes())[1]).toMatchObject({ state: 'serving', restarts: 1 });
  });

  it('H1: a drain by the admin port ends all of them', async () => {
    const connected = await connectOneEach('last');
    expect((await ask('/v1/drain', { method: 'POST' })).status).toBe(202);
    expect((await server.result).code).toBe(0);
    await Promise.all(connected.map(({ closed }) => closed));
    for (const { events } of connected)
      expect(events.find(({ type }) => type === 'go-away')).toMatchObject({ code: 'E_DRAINING' });
    const actions = readFileSync(join(directory, 'audit.jsonl'), 'utf8').trim().split('\n');
    expect(actions.filter((line) => line.includes('"drain"'))).toHaveLength(1);
    expect(actions.at(-1)).toContain('server-ended');
    expect(existsSync(join(directory, 'admin-port'))).toBe(false);
  });
});
