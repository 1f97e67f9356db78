/** `serve --processes N` as real processes: one port, fair shares, restarts, crash loops, drain, reload. */
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programWords } from '@sealane/node/testing';
import { EventAgent } from '../delivery/event-agent.ts';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { ServerProcess, runServerCommand } from '../server-process.ts';
import { TestAgent } from '../test-agent.ts';
import { eventually } from '../eventually.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

jest.setTimeout(120_000);

const BUNDLE = join(import.meta.dirname, '..', '..', 'dist', 'main.js');
const hasBundle = existsSync(BUNDLE);
if (!hasBundle) console.warn('SKIPPED C7, the single file with several processes: npx nx run server:build makes it');
const hasScript = spawnSync('script', ['--version']).status === 0;
if (!hasScript) console.warn('SKIPPED: the token on a terminal needs `script`');

let directory = '';
let redis: RedisServer;
let running: ServerProcess[] = [];

/** Without an admin port: what each process loads for it takes a quarter of its start. */
async function serve(words: readonly string[]): Promise<ServerProcess> {
  const store = ['--data-dir', join(directory, 'data'), '--store', redis.url, '--admin-port', 'off'];
  const server = await ServerProcess.start([...store, ...words]);
  running.push(server);
  return server;
}

/** Lines of the log with this message. */
const linesOf = (server: ServerProcess, message: string): readonly Record<string, unknown>[] =>
  server.log.filter((line) => line['message'] === message);

/** The process number and PID of each process that serves now. */
function pidsOf(server: ServerProcess): ReadonlyMap<number, number> {
  return new Map(linesOf(server, 'process serves').map(({ process, pid }) => [Number(process), Number(pid)]));
}

function sharesOf(server: ServerProcess): readonly number[] {
  const shares = new Map<unknown, number>();
  for (const { process } of linesOf(server, 'agent connected')) shares.set(process, (shares.get(process) ?? 0) + 1);
  return [...shares.values()].sort((left, right) => left - right);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describeWithRedis('serve --processes', () => {
  beforeEach(async () => {
    directory = temporaryDirectory();
    redis = await RedisServer.start();
  });
  afterEach(async () => {
    for (const server of running) server.child.kill('SIGKILL');
    await Promise.all(running.map(({ result }) => result));
    running = [];
    await redis.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('I1: more than one without Redis is a wrong command line', async () => {
    const words = ['serve', '--json', '--port', '0', '--processes', '2', '--data-dir', directory];
    const runs = [[], ['--store', 'memory:']].map((store) => runServerCommand([...words, ...store]));
    for (const { code, stdout } of await Promise.all(runs)) {
      expect(code).toBe(2);
      expect(JSON.parse(stdout)).toMatchObject({ code: 'E_USAGE', message: expect.stringContaining('Redis') });
    }
  });

  it('H4: one line when all listen; agents are shared out evenly on one port, and reach each other; SIGTERM ends all', async () => {
    const server = await serve(['--processes', '3']);
    expect(linesOf(server, 'process serves')).toHaveLength(3);
    const agents: EventAgent[] = [];
    for (let index = 0; index < 15; index++)
      agents.push(await EventAgent.open({ port: server.port, agentId: `agent-${index}` }));
    await eventually('connected', () => linesOf(server, 'agent connected').length === 15);
    expect(sharesOf(server)).toEqual([5, 5, 5]);
    await Promise.all(agents.map((agent) => agent.subscribe('news')));
    await agents[0]?.openProducer();
    for (let number = 1; number <= 20; number++) agents[0]?.publish(number, 'topic:news');
    agents[0]?.agent.wake();
    await eventually('delivered to all', () => agents.every(({ events }) => events.length === 20), 20_000);
    const startMs = performance.now();
    const pids = [...pidsOf(server).values()];
    const ended = server.end();
    const closes = await Promise.all(agents.map(({ agent }) => agent.closed));
    const { code, stdout } = await ended;
    expect([code, performance.now() - startMs < 5_000]).toEqual([0, true]);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(closes.map(({ byPeer }) => byPeer)).toEqual(agents.map(() => true));
    const goAways = agents.map(({ agent }) => agent.events.find(({ type }) => type === 'go-away'));
    expect(goAways).toEqual(agents.map(() => expect.objectContaining({ code: 'E_DRAINING', address: null })));
    expect(pids.some(isAlive)).toBe(false);
  });

  (hasScript ? it : it.skip)('A13: a new token of the admin port is shown once, on a terminal', async () => {
    const place = `--port 0 --admin-port 0 --processes 2 --store ${redis.url} --data-dir ${join(directory, 'data')}`;
    const words = `exec ${process.execPath} ${programWords('server').join(' ')} serve ${place}`;
    const shown = async (): Promise<string> => {
      const terminal = spawn('script', ['-qec', words, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] });
      let text = '';
      terminal.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
      await eventually('it serves', () => text.includes('Sealane server on') && text.includes('admin '), 30_000);
      // Ctrl-C, as a terminal hands it over.
      terminal.stdin.write('\u0003');
      await once(terminal, 'close');
      return text;
    };
    const first = await shown();
    const token = readFileSync(join(directory, 'data', 'admin-token'), 'utf8').trim();
    expect(first).toContain(`admin token  ${token}`);
    expect(await shown()).not.toContain(token);
  });

  it('M7, S9: one that is killed is started again and filled up first; the others keep their agents; O2: SIGHUP reloads both', async () => {
    const file = join(directory, 'permissions.json');
    writeFileSync(file, JSON.stringify({ version: 1, rules: [{ agents: ['>'] }] }));
    const server = await serve(['--processes', '2', '--permissions', file]);
    const first = await Promise.all(Array.from({ length: 10 }, () => TestAgent.open({ port: server.port })));
    let cut = 0;
    for (const agent of first) void agent.closed.then(() => (cut += 1));
    process.kill(pidsOf(server).get(2) ?? 0, 'SIGKILL');
    await eventually('again', () => linesOf(server, 'process serves').length === 3, 20_000);
    expect(linesOf(server, 'process ended')).toEqual([
      expect.objectContaining({ process: 2, signal: 'SIGKILL', restarts: 1 }),
    ]);
    expect(cut).toBe(5);
    const before = linesOf(server, 'agent connected').length;
    const agents: TestAgent[] = [];
    for (let index = 0; index < 7; index++)
      agents.push(await TestAgent.open({ port: server.port, agentId: `later-${index}` }));
    await eventually('logged', () => linesOf(server, 'agent connected').length === before + 7);
    const then = linesOf(server, 'agent connected').slice(before);
    // Lines of two processes may come in another order than their agents.
    const served = agents.map((_, index) => then.find((line) => line['agent'] === `later-${index}`)?.['process']);
    expect(served.slice(0, 5)).toEqual([2, 2, 2, 2, 2]);
    expect(served.slice(5)).toContain(1);
    writeFileSync(file, JSON.stringify({ version: 1, rules: [{ agents: ['>'], deny: { request: ['closed'] } }] }));
    server.child.kill('SIGHUP');
    await eventually('reloaded', () => linesOf(server, 'reloaded').length === 2);
    for (const { channel } of agents)
      await expect(channel.request('closed', 'x')).rejects.toMatchObject({ code: 'E_FORBIDDEN' });
    const reloaded = linesOf(server, 'reloaded').map((line) => line['process']);
    expect(new Set(reloaded)).toEqual(new Set([1, 2]));
    expect(reloaded).toHaveLength(2);
    expect((await server.end()).code).toBe(0);
  });

  it('S9: a process that ends again and again ends the server, with the reason', async () => {
    const server = await serve(['--processes', '2']);
    let killed = 0;
    const killing = setInterval(() => {
      const pid = pidsOf(server).get(2) ?? 0;
      if (pid === killed) return;
      killed = pid;
      process.kill(pid, 'SIGKILL');
    }, 20);
    const { code, stdout } = await server.result;
    clearInterval(killing);
    expect(code).toBe(1);
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      event: 'error',
      message: expect.stringContaining('Process 2 ended again and again'),
    });
    expect(linesOf(server, 'process ended').length).toBeGreaterThan(4);
    expect([...pidsOf(server).values()].some(isAlive)).toBe(false);
  });

  it('S7, M3: the primary holds the lock; when it is killed, the others drain and end; what a process cannot start for is told once, as if it were alone', async () => {
    const words = ['serve', '--json', '--port', '0', '--admin-port', '0', '--store', redis.url, '--data-dir'];
    const server = await serve(['--processes', '2']);
    const second = await runServerCommand([...words, join(directory, 'data'), '--processes', '2']);
    expect(second.code).toBe(75);
    expect(second.stdout).toContain(`process ${server.child.pid ?? 0}`);
    const pids = [...pidsOf(server).values()];
    expect(pids.filter(isAlive)).toHaveLength(2);
    await server.end('SIGKILL');
    await eventually('ended', () => !pids.some(isAlive), 20_000);
    expect((await (await serve([])).end()).code).toBe(0);
    await redis.kill();
    const [alone, several] = await Promise.all([
      runServerCommand([...words, join(directory, 'alone')]),
      runServerCommand([...words, join(directory, 'several'), '--processes', '2']),
    ]);
    expect(several.code).toBe(alone.code);
    expect(several.stdout).toBe(alone.stdout);
    expect(JSON.parse(several.stdout)).toMatchObject({ event: 'error', code: 'E_STORE_UNAVAILABLE' });
  });

  (hasBundle ? it : it.skip)('C7: works from the single file', async () => {
    const data = ['--data-dir', join(directory, 'bundle'), '--store', redis.url, '--admin-port', '0'];
    const server = await ServerProcess.start([...data, '--processes', '2'], { main: BUNDLE });
    running.push(server);
    const agent = await TestAgent.open({ port: server.port });
    expect((await agent.channel.request('echo', 'x')).text()).toBe('x');
    expect((await server.end()).code).toBe(0);
  });
});
