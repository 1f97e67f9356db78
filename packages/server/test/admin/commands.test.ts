import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { programWords } from '@sealane/node/testing';
import { runCommandHere } from '../command-here.ts';
import { ServerProcess, runServerCommand } from '../server-process.ts';
import { TestAgent } from '../test-agent.ts';
import { eventually } from '../eventually.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

jest.setTimeout(60_000);

const hasScript = spawnSync('script', ['--version']).status === 0;
if (!hasScript) console.warn('SKIPPED: top on a terminal needs `script`');

let directory: string;
let data: string;
let server: ServerProcess;
beforeAll(async () => {
  directory = temporaryDirectory();
  data = join(directory, 'data');
  server = await ServerProcess.start(['--data-dir', data]);
});
afterAll(async () => {
  server.child.kill('SIGKILL');
  await server.result;
  rmSync(directory, { recursive: true, force: true });
});

interface Run {
  readonly code: number | null;
  readonly lines: readonly Record<string, unknown>[];
  readonly stderr: string;
}

async function run(...words: string[]): Promise<Run> {
  const { code, stdout, stderr } = await runCommandHere([...words, '--data-dir', data, '--json']);
  const lines = stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, lines, stderr };
}

async function agent(agentId: string): Promise<TestAgent> {
  return await TestAgent.open({ port: server.port, agentId });
}

/** Runs `top` on a terminal to its end. @param keys what has to be shown, and the key that is pressed then. */
async function top(
  { columns, rows }: { readonly columns: number; readonly rows: number },
  keys: readonly (readonly [after: string, key: string])[],
): Promise<string> {
  const words = [process.execPath, ...programWords('server'), 'top', '--data-dir', data].join(' ');
  const line = `stty cols ${columns} rows ${rows}; ${words}`;
  const terminal = spawn('script', ['-qec', line, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const closed = once(terminal, 'close');
  let shown = '';
  terminal.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  for (const [after, key] of keys) {
    await eventually(`"${after}"`, () => shown.includes(after), 20_000);
    terminal.stdin.write(key);
  }
  await closed;
  return shown;
}

describe('commands that talk to the admin port', () => {
  it('H1: status, top --once: JSON and text', async () => {
    expect(await run('status')).toMatchObject({ code: 0, lines: [{ event: 'status', store: { status: 'ready' } }] });
    expect(await run('top', '--once')).toMatchObject({ code: 0, lines: [{ event: 'top', agents: { online: 0 } }] });
    const text = await runServerCommand(['status', '--data-dir', data]);
    expect(text.stdout).toContain('store    sqlite, ready, durable');
  });

  it('H10: agents: list, show, kick, ban, unban, revoke, forget', async () => {
    const first = await agent('sensor-1');
    expect((await run('agents')).lines).toMatchObject([{ event: 'agent', id: 'sensor-1', online: true }]);
    expect((await run('agents', 'show', 'sensor-1')).lines).toMatchObject([{ id: 'sensor-1', waiting: 0 }]);
    expect((await run('agents', 'kick', 'sensor-1')).lines).toEqual([{ event: 'kicked', disconnected: 1 }]);
    expect((await run('agents', 'ban', 'sensor-1', '--for', '1h', '--reason', 'why not')).code).toBe(0);
    expect((await run('bans')).lines).toMatchObject([{ kind: 'agent', name: 'sensor-1', reason: 'why not' }]);
    expect((await run('agents', 'unban', 'sensor-1')).code).toBe(0);
    expect((await run('bans')).lines).toEqual([]);
    expect((await run('agents', 'revoke', 'sensor-1')).lines).toEqual([{ event: 'revoked', disconnected: 0 }]);
    await first.close();
    await (await agent('sensor-2')).close();
    expect((await run('agents', 'forget', 'sensor-2')).code).toBe(0);
    const gone = await run('agents', 'show', 'sensor-2');
    expect(gone).toMatchObject({ code: 1, lines: [{ event: 'error', code: 'E_UNKNOWN_ADDRESS' }] });
    expect((await runCommandHere(['agents', '--data-dir', data])).stdout).toBe('');
  });

  it('publish and events: what waits, and what is wrong with an address', async () => {
    await (await agent('reader')).close();
    const published = await run(
      'publish',
      '--to',
      'agent:reader',
      '--payload',
      '{"a":1}',
      '--json-payload',
      '--event-id',
      'e1',
    );
    expect(published).toMatchObject({ code: 0, lines: [{ event: 'receipt', id: 'e1', durability: 'durable' }] });
    expect((await run('events')).lines).toMatchObject([{ event: 'queue', queue: 'agent:reader', waiting: 1 }]);
    expect(await run('publish', '--topic', 'a..b', '--payload', 'x')).toMatchObject({
      code: 65,
      lines: [{ code: 'E_BAD_TOPIC' }],
    });
    expect((await run('publish', '--payload', 'x')).code).toBe(2);
    expect((await run('dlq')).lines).toEqual([]);
    expect((await run('dlq', 'redrive', 'nothing')).lines).toMatchObject([{ code: 'E_DEAD_LETTER_NOT_FOUND' }]);
    expect((await run('dlq', 'purge')).code).toBe(2);
    const mistyped = await runCommandHere(['agents', 'kik', 'x', '--data-dir', data]);
    expect(mistyped).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean kick?') });
    expect((await run('dlq', 'purge', '--all')).lines).toEqual([{ event: 'purged', purged: 0 }]);
    const used = await run('usage', '--agent', 'reader', '--period', 'day');
    expect(used.lines).toMatchObject([{ event: 'usage', agent: 'reader', connections: 1 }]);
  });

  it('what is wrong is said in four parts, and what to do fits', async () => {
    const said = async (...words: string[]): Promise<string> => {
      const { stdout, stderr } = await runCommandHere([...words, '--data-dir', data]);
      expect(stdout).toBe('');
      return stderr;
    };
    const nobody = await said('agents', 'show', 'nobody');
    expect(nobody).toContain('Error: No agent of this id is enrolled.\nNext:  List them with `sealane-server agents`.');
    const free = await said('agents', 'unban', 'reader');
    expect(free).toContain('Error: This agent is not banned.\nNext:  List them with `sealane-server bans`.');
    expect(await said('bans', 'add', '1.2.3')).toContain('Error: "1.2.3" is no IP address.\nNext:  Name an address');
    expect(await said('agents', 'ban', 'a b')).toContain('"a b" cannot be the id of an agent');
    expect(await said('publish', '--to', 'reader', '--payload', 'x')).toContain(
      '--to: expected agent:ID, got "reader"',
    );
    const there = await said('backup', data);
    expect(there).toContain(`Error: ${data} is there already\nNext:  Choose a directory that is not there`);
    const wrong = join(directory, 'wrong-token');
    mkdirSync(wrong);
    writeFileSync(join(wrong, 'admin-port'), readFileSync(join(data, 'admin-port')));
    const words = ['status', '--data-dir', wrong];
    expect(await runCommandHere(words)).toMatchObject({ code: 65, stderr: expect.stringContaining('is missing') });
    writeFileSync(join(wrong, 'admin-token'), `${'A'.repeat(43)}\n`, { mode: 0o600 });
    const refused = await runCommandHere(words);
    expect(refused).toMatchObject({ code: 77, stderr: expect.stringContaining('has another token now') });
    const last = await runCommandHere([...words, '--json']);
    expect(JSON.parse(last.stdout)).toMatchObject({ event: 'error', code: 'E_ADMIN_TOKEN' });
    const nothing = await runCommandHere(['audit', 'verify', '--data-dir', wrong]);
    expect(nothing).toMatchObject({ code: 78, stderr: expect.stringContaining('There is no audit log in') });
  });

  it('show tells one thing in words, with times that people read', async () => {
    const { stdout } = await runCommandHere(['agents', 'show', 'reader', '--data-dir', data]);
    expect(stdout).toMatch(/^id +reader\nonline +no\n/);
    expect(stdout).toMatch(/\nenrolled at +20\d\d-\d\d-\d\dT/);
  });

  it('backup of a running server, restore into another directory, and the events are there', async () => {
    const backup = join(directory, 'backup');
    expect(await run('backup', backup)).toMatchObject({ code: 0, lines: [{ event: 'backup', path: backup }] });
    expect((await run('backup', backup)).code).not.toBe(0);
    expect(await run('restore', backup)).toMatchObject({ code: 75, lines: [{ code: 'E_DATA_IN_USE' }] });
    const restored = join(directory, 'restored');
    expect((await runServerCommand(['restore', backup, '--data-dir', restored])).code).toBe(0);
    const other = await ServerProcess.start(['--data-dir', restored]);
    expect(other.fingerprint).toBe(server.fingerprint);
    const waiting = await runCommandHere(['events', '--data-dir', restored, '--json']);
    expect(JSON.parse(waiting.stdout)).toMatchObject({ queue: 'agent:reader', waiting: 1 });
    await other.end();
  });

  it('without a server: exit 69, and what to do', async () => {
    const { code, stderr } = await runCommandHere(['status', '--data-dir', join(directory, 'nothing')]);
    expect({ code, stderr }).toEqual({ code: 69, stderr: expect.stringContaining('sealane-server serve') });
  });

  (hasScript ? it : it.skip)('top draws a screen on a terminal of 80x24, and q ends it', async () => {
    const shown = await top({ columns: 80, rows: 24 }, [
      ['store    sqlite', '?'],
      ['q      quit', 'q'],
    ]);
    expect(shown.trimEnd().endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
  });

  (hasScript ? it : it.skip).each([
    [20, 8],
    [40, 12],
  ])('top fits %i columns and %i rows', async (columns, rows) => {
    const shown = await top({ columns, rows }, [['q quit   ? help', 'q']]);
    const pictures = shown.split('\u001b[H\u001b[J').slice(1);
    expect(pictures.length).toBeGreaterThan(0);
    const lines = pictures[0]?.split('\u001b')[0]?.replaceAll('\r', '').split('\n') ?? [];
    expect(lines).toHaveLength(rows);
    expect(lines.filter((line) => line.length >= columns)).toEqual([]);
    expect(lines.at(-1)).toBe('q quit   ? help');
  });

  it('G7: audit verify finds nothing, and then the line that was changed', async () => {
    expect(await run('audit', 'verify')).toMatchObject({ code: 0, lines: [{ event: 'audit', isWhole: true }] });
    const file = join(data, 'audit.jsonl');
    const lines = readFileSync(file, 'utf8').split('\n');
    const index = lines.findIndex((line) => line.includes('agent-kicked'));
    const changed = lines.map((line, at) => (at === index ? line.replace('sensor-1', 'sensor-9') : line));
    writeFileSync(file, changed.join('\n'));
    const broken = await run('audit', 'verify');
    expect(broken).toMatchObject({
      code: 65,
      lines: [{ isWhole: false, broken: { file: 'audit.jsonl', line: index + 1 } }],
    });
    writeFileSync(file, lines.filter((_line, at) => at !== index).join('\n'));
    expect((await run('audit', 'verify')).lines).toMatchObject([{ broken: { line: index + 1 } }]);
    writeFileSync(file, lines.join('\n'));
  });

  it('drain ends the server in order, and takes the port away', async () => {
    const drained = await runServerCommand(['drain', '--data-dir', data, '--json']);
    expect([drained.code, JSON.parse(drained.stdout)]).toEqual([0, expect.objectContaining({ event: 'draining' })]);
    expect((await server.result).code).toBe(0);
    await eventually('the port is forgotten', () => !existsSync(join(data, 'admin-port')));
  });
});

const HOLD_ATTEMPTS_MAX = 800;
const HOLD_PAUSE_MS = 50;

/** Waits until the port is this process's. @throws the error of `listen` where it does not get it in time. */
async function holdPort(port: number): Promise<Server> {
  const holder = createServer();
  for (let attempt = 1; ; attempt++) {
    try {
      await once(holder.listen(port, '127.0.0.1'), 'listening');
      return holder;
    } catch (error) {
      if (attempt === HOLD_ATTEMPTS_MAX) throw error;
      await sleep(HOLD_PAUSE_MS);
    }
  }
}

describe('serve --admin-port', () => {
  const other = createServer();
  const words = (name: string): readonly string[] => ['--data-dir', join(directory, name)];
  let port = 0;
  beforeAll(async () => {
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    ({ port } = other.address() as AddressInfo);
  });
  afterAll(() => new Promise((resolve) => other.close(resolve)));

  it('C6: a busy one that was asked for is an error', async () => {
    const serve = ['serve', '--json', '--port', '0', '--admin-port', String(port), ...words('busy')];
    const { code, stdout } = await runServerCommand(serve);
    const last: unknown = JSON.parse(stdout.trim());
    expect({ code, last }).toMatchObject({ code: 69, last: { code: 'E_PORT_BUSY' } });
  });

  it('C6: a busy default falls back to a free one, and says so', async () => {
    // The server of another test may have it, and end before this one starts.
    const holder = await holdPort(1_338);
    const wrap = ['/usr/bin/env', '-u', 'SEALANE_ADMIN_PORT'];
    const fallen = await ServerProcess.start(words('fallen'), { wrap });
    expect(fallen.adminPort).toBeGreaterThan(0);
    expect(fallen.adminPort).not.toBe(1_338);
    await eventually('it says so', () => fallen.log.some(({ busy }) => busy === 1_338));
    await fallen.end();
    await new Promise((resolve) => holder.close(resolve));
  });

  it('off opens none', async () => {
    const closed = await ServerProcess.start([...words('off'), '--admin-port', 'off']);
    expect(closed.adminPort).toBeNull();
    expect((await runCommandHere(['status', ...words('off')])).code).toBe(69);
    await closed.end();
  });
});
