import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RawPeer } from './raw-peer.ts';
import { ServerProcess, runServerCommand } from './server-process.ts';
import { TestAgent, newIdentity, outcome } from './test-agent.ts';
import { eventually } from './eventually.ts';
import { temporaryDirectory } from './temporary-directory.ts';

jest.setTimeout(60_000);

/** Root may write everywhere; this is root that may not. Another user might not reach the sources. */
const WITHOUT_PRIVILEGE = ['setpriv', '--bounding-set=-dac_override,-dac_read_search'];
const isRoot = process.getuid?.() === 0;
const canBeRefused = !isRoot || spawnSync('setpriv', [...WITHOUT_PRIVILEGE.slice(1), 'true']).status === 0;
if (!canBeRefused) console.warn('SKIPPED: the read-only data directory (S8) needs setpriv where root runs the tests');

/** A start under load is slow once; a slow program is slow every time. */
const STARTS_MAX = 5;
/** Few: 128 of them are kept back. */
const DESCRIPTORS_MAX = 160;
const START_MS_MAX = 3_000;

let directory = '';
let data = '';
let running: ServerProcess[] = [];
/** A data directory that a server has left in order; made when it is first needed. */
let left: string | undefined;
afterAll(() => {
  if (left !== undefined) rmSync(dirname(left), { recursive: true, force: true });
});
beforeEach(() => {
  directory = temporaryDirectory();
  data = join(directory, 'data');
});
afterEach(async () => {
  for (const server of running) server.child.kill('SIGKILL');
  await Promise.all(running.map(({ result }) => result));
  running = [];
  rmSync(directory, { recursive: true, force: true });
});

type ServeOptions = Parameters<typeof ServerProcess.start>[1] & { readonly adminPort?: string };

/** @param options.adminPort what is loaded for it takes a quarter of a start. */
async function serve(
  words: readonly string[] = [],
  { adminPort = 'off', ...options }: ServeOptions = {},
): Promise<ServerProcess> {
  const server = await ServerProcess.start(['--data-dir', data, '--admin-port', adminPort, ...words], options);
  running.push(server);
  return server;
}

/** Makes `data` as a server leaves it. */
async function newDataDirectory(): Promise<void> {
  if (left === undefined) {
    left = join(temporaryDirectory(), 'data');
    await (await ServerProcess.start(['--data-dir', left, '--admin-port', 'off'])).end();
  }
  cpSync(left, data, { recursive: true, preserveTimestamps: true });
}

function lastJsonLine(stdout: string): unknown {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
}

describe('serve as a process', () => {
  it('P10: says listening first, soon after its start from the sources; SIGTERM and SIGINT end it with 0', async () => {
    let server = await serve([], { adminPort: '0' });
    for (let start = 1; start < STARTS_MAX && server.startMs >= START_MS_MAX; start++) {
      await server.end();
      server = await serve([], { adminPort: '0' });
    }
    expect(server.startMs).toBeLessThan(START_MS_MAX);
    const { code, stdout } = await server.end();
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      event: 'listening',
      host: '127.0.0.1',
      port: server.port,
      fingerprint: server.fingerprint,
      adminPort: server.adminPort,
    });
    const again = await serve([], { adminPort: '0' });
    expect(again.fingerprint).toBe(server.fingerprint);
    expect((await again.end('SIGINT')).code).toBe(0);
    expect(readdirSync(data)).not.toContain('lock');
  });

  it('S7: a second one on the same directory names the PID of the first and exits with 75', async () => {
    const first = await serve();
    const { code, stdout } = await runServerCommand(['serve', '--json', '--port', '0', '--data-dir', data]);
    expect(code).toBe(75);
    expect(lastJsonLine(stdout)).toMatchObject({
      event: 'error',
      code: 'E_DATA_IN_USE',
      message: expect.stringContaining(`${first.child.pid}`),
    });
    await first.end('SIGKILL');
    expect((await (await serve()).end()).code).toBe(0);
  });

  it('port busy exits with 69 and names the port', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    const words = ['serve', '--json', '--host', '127.0.0.1', '--port', `${port}`, '--data-dir', data];
    const { code, stdout } = await runServerCommand(words);
    expect(code).toBe(69);
    expect(lastJsonLine(stdout)).toMatchObject({ code: 'E_PORT_BUSY', message: expect.stringContaining(`${port}`) });
    expect(readdirSync(data)).not.toContain('lock');
    other.close();
  });

  it.each([
    [
      'corrupt key',
      () => writeFileSync(join(data, 'identity.key'), '{', { mode: 0o600 }),
      65,
      'E_KEY_FILE',
      'identity.key',
    ],
    ['open key', () => chmodSync(join(data, 'identity.key'), 0o644), 78, 'E_KEY_MODE', 'chmod 600'],
    ['lost key', () => rmSync(join(data, 'identity.key')), 65, 'E_KEY_FILE', 'identity.key'],
    ['open directory', () => chmodSync(data, 0o777), 78, 'E_CONFIG', 'chmod 700'],
    ['corrupt registry', () => writeFileSync(join(data, 'agents.jsonl'), '{"x":1}\n'), 65, 'E_DATA', 'agents.jsonl'],
    ['corrupt resume key', () => writeFileSync(join(data, 'resume.key'), 'x\n'), 65, 'E_KEY_FILE', 'resume.key'],
  ] as const)('D12, S6, S8: %s', async (_what, damage, exit, errorCode, hint) => {
    await newDataDirectory();
    damage();
    const { code, stderr } = await runServerCommand(['serve', '--port', '0', '--data-dir', data]);
    expect([code, stderr]).toEqual([exit, expect.stringContaining(errorCode)]);
    expect(stderr).toContain(hint);
    expect(stderr).not.toContain('    at ');
    chmodSync(data, 0o700);
  });

  (canBeRefused ? it : it.skip)('S8: a read-only data directory', async () => {
    mkdirSync(data, { mode: 0o500 });
    const words = ['serve', '--port', '0', '--data-dir', data];
    const { code, stderr } = await runServerCommand(words, { wrap: isRoot ? WITHOUT_PRIVILEGE : [] });
    expect([code, stderr]).toEqual([74, expect.stringContaining(data)]);
  });

  it('wrong flags exit with 2, a wrong permissions file with 78', async () => {
    expect((await runServerCommand(['serve', '--enrolment', 'everyone'])).code).toBe(2);
    expect((await runServerCommand(['enrol', '--replace', '--data-dir', data])).code).toBe(2);
    const file = join(directory, 'permissions.json');
    writeFileSync(file, '{}');
    const { code, stderr } = await runServerCommand([
      'serve',
      '--permissions',
      file,
      '--port',
      '0',
      '--data-dir',
      data,
    ]);
    expect([code, stderr]).toEqual([78, expect.stringContaining(file)]);
  });

  it('O1, H5: drains under load: what is at work is answered, agents are told, exit 0 within 5 s', async () => {
    const server = await serve();
    const agents = await Promise.all(
      Array.from({ length: 20 }, (_, index) => TestAgent.open({ port: server.port, agentId: `agent-${index}` })),
    );
    let answered = 0;
    let stop = false;
    const load = agents.map(async (agent) => {
      while (!stop) {
        const reply = await agent.channel.request('echo', 'x'.repeat(1_000)).catch(() => undefined);
        if (reply === undefined) return;
        answered += 1;
      }
    });
    await eventually('load', () => answered > 100);
    const startMs = performance.now();
    const ended = server.end();
    const closes = await Promise.all(agents.map(({ closed }) => closed));
    const { code } = await ended;
    stop = true;
    await Promise.all(load);
    expect(code).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(5_000);
    for (const [index, close] of closes.entries()) {
      expect(close).toMatchObject({ reason: 'closed', byPeer: true });
      const goAway = agents[index]!.events.find(({ type }) => type === 'go-away');
      expect(goAway).toMatchObject({ code: 'E_DRAINING', comeBackAfterMs: expect.any(Number) });
    }
    const times = new Set(
      agents.map(({ events }) => events.find((event) => event.type === 'go-away')?.comeBackAfterMs),
    );
    expect(times.size).toBeGreaterThan(10);
  });

  it('O1: the second signal ends it at once', async () => {
    const server = await serve();
    const ada = await TestAgent.open({ port: server.port, agentId: 'ada' });
    const bob = await TestAgent.open({ port: server.port, agentId: 'bob' });
    bob.handle('never', () => new Promise(() => undefined));
    ada.channel.request('never', 'x', { to: 'agent:bob' }).catch(() => undefined);
    await ada.channel.request('echo', 'x');
    server.child.kill('SIGTERM');
    await eventually('draining', () => server.stderr.includes('shutting down'));
    const startMs = performance.now();
    expect((await server.end('SIGINT')).code).toBe(130);
    // A drain would take longer.
    expect(performance.now() - startMs).toBeLessThan(3_000);
  });

  it('O2: SIGHUP takes new permissions; wrong ones change nothing and are told', async () => {
    const file = join(directory, 'permissions.json');
    const write = (deny: string[]) =>
      writeFileSync(file, JSON.stringify({ version: 1, rules: [{ agents: ['>'], deny: { request: deny } }] }));
    write([]);
    const server = await serve(['--permissions', file]);
    const ada = await TestAgent.open({ port: server.port, agentId: 'ada' });
    await ada.channel.request('closed', 'x');
    write(['closed']);
    server.child.kill('SIGHUP');
    await eventually('reloaded', () => server.stderr.includes('"reloaded"'));
    await expect(ada.channel.request('closed', 'x')).rejects.toMatchObject({ code: 'E_FORBIDDEN' });
    writeFileSync(file, '{"version":1,"rules":[{"agents":[">"]}],"typo":1}');
    server.child.kill('SIGHUP');
    await eventually('refused', () => server.stderr.includes('everything stays as it was'));
    expect(server.stderr).toContain('typo');
    await expect(ada.channel.request('closed', 'x')).rejects.toMatchObject({ code: 'E_FORBIDDEN' });
    expect((await ada.channel.request('open', 'x')).text()).toBe('x');
    ada.destroy();
    expect((await server.end()).code).toBe(0);
  });

  it('rule 7, 2.4.9: with few file descriptors it refuses with a retry time, survives, and serves again', async () => {
    const server = await serve([], { wrap: ['sh', '-c', `ulimit -n ${DESCRIPTORS_MAX}; exec "$@"`, 'sh'] });
    const peers: RawPeer[] = [];
    let descriptors = 0;
    for (let count = 0; count < 150; count++) {
      peers.push(await RawPeer.connect(server.port));
      descriptors = Math.max(descriptors, readdirSync(`/proc/${server.child.pid}/fd`).length);
    }
    await eventually('refusals', () => peers.some(({ rejection }) => rejection?.code === 'E_TOO_MANY_CONNECTIONS'));
    // Files of its stores can still be opened.
    expect(descriptors).toBeLessThan(DESCRIPTORS_MAX - 16);
    for (const peer of peers) peer.socket.destroy();
    await eventually('gone', () => peers.every(({ socket }) => socket.destroyed));
    let agent: TestAgent | undefined;
    for (let attempt = 0; attempt < 50 && agent === undefined; attempt++) {
      agent = await TestAgent.open({ port: server.port }).catch(() => undefined);
    }
    expect((await agent!.channel.request('echo', 'on')).text()).toBe('on');
    agent!.destroy();
    expect((await server.end()).code).toBe(0);
  });
});

describe('enrolment with tokens of the command', () => {
  const token = async (...words: string[]) =>
    (await runServerCommand(['enrol', '--data-dir', data, ...words])).stdout.trim();

  it('works before the first start and beside the server: once, bound, expiring, replacing', async () => {
    const early = await token();
    expect(early).toMatch(/^sealane-token-[\w-]+$/);
    const server = await serve(['--enrolment', 'token']);
    const attempt = (options: Partial<Parameters<typeof outcome>[0]>) => outcome({ port: server.port, ...options });
    const ada = newIdentity();
    expect(await attempt({ agentId: 'ada' })).toBe('E_UNKNOWN_AGENT');
    expect(await attempt({ agentId: 'ada', identity: ada, token: early })).toBe('open');
    expect(await attempt({ agentId: 'eve', token: early })).toBe('E_TOKEN_USED');
    const bound = await token('--id', 'bob');
    expect(await attempt({ agentId: 'eve', token: bound })).toBe('E_TOKEN_INVALID');
    expect(await attempt({ agentId: 'bob', token: bound })).toBe('open');
    const short = await token('--expires', '1');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await attempt({ agentId: 'carl', token: short })).toBe('E_TOKEN_EXPIRED');
    const replacement = newIdentity();
    expect(await attempt({ agentId: 'ada', identity: replacement })).toBe('E_ID_TAKEN');
    expect(
      await attempt({ agentId: 'ada', identity: replacement, token: await token('--id', 'ada', '--replace') }),
    ).toBe('open');
    expect(await attempt({ agentId: 'ada', identity: ada })).toBe('E_ID_TAKEN');
    // Killed without a goodbye: what was accepted is known.
    await server.end('SIGKILL');
    const restarted = await serve(['--enrolment', 'token']);
    expect(await outcome({ port: restarted.port, agentId: 'eve', token: early })).toBe('E_TOKEN_USED');
    expect(await outcome({ port: restarted.port, agentId: 'ada', identity: replacement })).toBe('open');
  });

  it('B10: key rotate beside the server; SIGHUP brings the new key with a succession, and old tokens count', async () => {
    const server = await serve(['--enrolment', 'token']);
    const old = await token();
    const ada = await TestAgent.open({ port: server.port, agentId: 'ada', token: await token() });
    const { code, stdout } = await runServerCommand(['key', 'rotate', '--json', '--data-dir', data]);
    expect(code).toBe(0);
    const { newFingerprint } = JSON.parse(stdout) as { newFingerprint: string };
    server.child.kill('SIGHUP');
    await eventually('reloaded', () => server.stderr.includes(newFingerprint));
    expect((await ada.channel.request('echo', 'same session')).text()).toBe('same session');
    const bob = await TestAgent.open({ port: server.port, agentId: 'bob', token: old });
    expect(bob.successions).toHaveLength(1);
    expect(bob.serverKey).not.toEqual(ada.serverKey);
    ada.destroy();
    bob.destroy();
    expect((await runServerCommand(['fingerprint', '--data-dir', data])).stdout.trim()).toBe(newFingerprint);
  });

  it('A12, 2.1.23: no payload, token, key or seed in any log, at the finest level', async () => {
    const server = await serve(['--enrolment', 'token', '--log-level', 'debug'], { adminPort: '0' });
    const canary = 'canary-7b1f2c9d';
    const secret = await token();
    const ada = await TestAgent.open({ port: server.port, agentId: 'ada', token: secret });
    await ada.channel.request(`echo`, canary);
    ada.handle('ask', () => canary);
    await ada.channel.request('ask', canary, { to: 'agent:ada' });
    await outcome({ port: server.port, agentId: 'eve', token: secret });
    await ada.close();
    const { stdout, stderr } = await server.end();
    const { seed } = JSON.parse(readFileSync(join(data, 'identity.key'), 'utf8')) as { seed: string };
    const resumeKey = readFileSync(join(data, 'resume.key'), 'utf8').trim();
    for (const hidden of [canary, secret, secret.slice(20, 60), seed, resumeKey]) {
      expect(stdout + stderr).not.toContain(hidden);
    }
    const messages = server.log.map(({ message }) => message);
    for (const message of ['listening', 'agent connected', 'agent refused', 'agent disconnected']) {
      expect(messages).toContain(message);
    }
    const gone = server.log.find(({ message }) => message === 'agent disconnected');
    expect(gone).toMatchObject({ agent: 'ada', reason: 'closed', requests: 2, bytesIn: expect.any(Number) });
  });
});
