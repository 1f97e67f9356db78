/**
 * The Python client of tools/interop, written from docs/ alone, talks to the real server (docs/protocols/versions.md §1).
 *
 * Needs `python3` with `cryptography` (Debian: python3-cryptography, installed by `.ci/run`); says so and skips without.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, jest } from '@jest/globals';

jest.setTimeout(30_000);

const root = join(import.meta.dirname, '..', '..');
const client = join(root, 'tools', 'interop', 'sealane_client.py');
/** Debian's own interpreter first: another `python3` on the path may lack Debian's packages. */
const python = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import cryptography']).status === 0,
);
if (python === undefined) {
  console.warn(
    'NOTICE: python3 with cryptography is missing (apt-get install python3-cryptography); interop is skipped',
  );
}
const withPython = python === undefined ? describe.skip : describe;

let servers: ChildProcess[] = [];
let folders: string[] = [];

afterEach(async () => {
  await Promise.all(
    servers.map(async (server) => {
      const gone = once(server, 'exit');
      if (server.kill('SIGKILL')) await gone;
    }),
  );
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  servers = [];
  folders = [];
});

/** A line that a program printed with `--json` or that the client printed. */
type Line = Readonly<Record<string, unknown>>;

async function startServer(suites: 'any' | 'pq'): Promise<{ address: string; fingerprint: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'sealane-interop-'));
  folders.push(folder);
  const main = join(root, 'packages', 'server', 'src', 'main.ts');
  const flags = ['--host', '127.0.0.1', '--port', '0', '--suites', suites, '--enrolment', 'loopback'];
  const server = spawn(
    process.execPath,
    ['--conditions=@sealane/source', main, 'serve', '--json', ...flags, '--data-dir', join(folder, 'data')],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  servers.push(server);
  for await (const line of createInterface(server.stdout)) {
    const { event, port, fingerprint } = JSON.parse(line) as Line;
    if (event === 'listening') return { address: `127.0.0.1:${String(port)}`, fingerprint: String(fingerprint) };
  }
  throw new Error('the server ended before it listened');
}

async function runClient(...flags: string[]): Promise<{ exitCode: unknown; lines: Line[]; events: unknown[] }> {
  const child = spawn(python!, ['-B', client, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = (await text(child.stdout))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
  const [exitCode] = (await exited) as unknown[];
  return { exitCode, lines, events: lines.map(({ event }) => event) };
}

const hello = ['--message', 'hello', '--count', '5'];

withPython('a client in Python, written from the documents alone', () => {
  it('suite 0x02: hello ×5 echoed, ping, notification, orderly close', async () => {
    const { address, fingerprint } = await startServer('any');
    const { exitCode, lines, events } = await runClient('--server', address, ...hello);
    expect(events).toEqual(['handshake', 'accepted', ...Array<string>(5).fill('reply'), 'pong', 'notified', 'closed']);
    expect(lines[0]).toMatchObject({ suite: 2, fingerprint });
    for (const line of lines.slice(2, 7)) expect(line).toMatchObject({ text: 'hello' });
    expect(lines[7]!['rtt_ms']).toBeGreaterThan(0);
    expect(exitCode).toBe(0);
  });

  it('key update: the same again under epoch 1, after epoch 0', async () => {
    const { address, fingerprint } = await startServer('any');
    const flags = ['--key-update', '--server-key', fingerprint];
    const { exitCode, lines, events } = await runClient('--server', address, ...hello, ...flags);
    const replies = Array<string>(5).fill('reply');
    expect(events).toEqual([
      'handshake',
      'accepted',
      ...replies,
      'pong',
      'key-update',
      'pong',
      ...replies,
      'notified',
      'closed',
    ]);
    expect(lines[8]).toMatchObject({ epoch: 1 });
    expect(lines[9]).toMatchObject({ epoch: 1 });
    for (const line of lines.slice(10, 15)) expect(line).toMatchObject({ text: 'hello', epoch: 1 });
    expect(exitCode).toBe(0);
  });

  it('another key than --server-key is refused with 77, before 0x03', async () => {
    const { address } = await startServer('any');
    const pin = `SHA256:${'A'.repeat(43)}`;
    const { exitCode, lines } = await runClient('--server', address, ...hello, '--server-key', pin);
    expect(lines).toEqual([expect.objectContaining({ event: 'error', code: 'E_IDENTITY_CHANGED' })]);
    expect(exitCode).toBe(77);
  });

  it('a server with --suites pq refuses suite 0x02 by name', async () => {
    const { address } = await startServer('pq');
    const { exitCode, lines } = await runClient('--server', address, ...hello);
    const message: unknown = expect.stringMatching(/^E_UNSUPPORTED_SUITE, /);
    expect(lines).toEqual([{ event: 'error', code: 'E_REJECTED', message }]);
    expect(exitCode).toBe(69);
  });
});
