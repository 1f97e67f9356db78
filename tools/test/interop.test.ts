/**
 * The Python client of tools/interop, written from docs/ alone, talks to the real server (docs/protocols/versions.md §1).
 *
 * Needs `python3` with `cryptography` (Debian: python3-cryptography, installed by `.ci/run`); says so and skips without.
 */
import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer as createListener, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { programWords } from '@sealane/node/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createServer } from '@sealane/server';
import { DEFAULT_SESSION_LIMITS } from '@sealane/shared/wire';

jest.setTimeout(30_000);

const root = join(import.meta.dirname, '..', '..');
const program = join(root, 'tools', 'interop', 'sealane_client.py');
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

type Cleanup = () => unknown;

/** What is undone after each test, and after all of them. */
const afterThisTest: Cleanup[] = [];
const afterAllTests: Cleanup[] = [];

async function cleanUp(cleanups: Cleanup[]): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

/** A line that a program printed with `--json` or that the client printed. */
type Line = Readonly<Record<string, unknown>>;

interface Target {
  readonly address: string;
  readonly fingerprint: string;
}

function temporaryFolder(cleanups: Cleanup[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealane-interop-'));
  cleanups.push(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

async function startServer(suites: 'any' | 'pq', cleanups: Cleanup[]): Promise<Target> {
  const flags = ['--host', '127.0.0.1', '--port', '0', '--suites', suites, '--enrolment', 'loopback'];
  const server = spawn(
    process.execPath,
    [...programWords('server'), 'serve', '--json', ...flags, '--data-dir', join(temporaryFolder(cleanups), 'data')],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  cleanups.push(async () => {
    const gone = once(server, 'exit');
    if (server.kill('SIGKILL')) await gone;
  });
  for await (const line of createInterface(server.stdout)) {
    const { event, port, fingerprint } = JSON.parse(line) as Line;
    if (event === 'listening') return { address: `127.0.0.1:${String(port)}`, fingerprint: String(fingerprint) };
  }
  throw new Error('the server ended before it listened');
}

/** Passes on what a side sends, in its order; what it returns goes on. */
type Relay = (from: Socket, to: Socket) => Promise<void>;

/** A man in the middle; `down` handles what the server sends, `up` what the client sends. */
async function startRelay({ address }: Target, { up, down }: { up?: Relay; down?: Relay }): Promise<string> {
  const listener = createListener((client) => {
    const server = connect(Number(address.split(':')[1]), '127.0.0.1');
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on('error', () => other.destroy());
      socket.setNoDelay();
    }
    void (up ?? passOn)(client, server).catch(() => server.destroy());
    void (down ?? passOn)(server, client).catch(() => client.destroy());
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  afterThisTest.push(() => listener.close());
  return `127.0.0.1:${(listener.address() as AddressInfo).port}`;
}

const passOn: Relay = async (from, to) => {
  for await (const bytes of from as AsyncIterable<Buffer>) to.write(bytes);
  to.end();
};

const inPiecesOf1000: Relay = async (from, to) => {
  for await (const bytes of from as AsyncIterable<Buffer>) {
    for (let start = 0; start < bytes.length; start += 1_000) {
      to.write(bytes.subarray(start, start + 1_000));
      await nextTurn();
    }
  }
  to.end();
};

/** Shows every frame, header included, before it goes on. */
function eachFrame(visit: (frame: Buffer, index: number) => void): Relay {
  return async (from, to) => {
    let waiting = Buffer.alloc(0);
    let seen = 0;
    for await (const bytes of from as AsyncIterable<Buffer>) {
      waiting = Buffer.concat([waiting, bytes]);
      while (waiting.length >= 4 && waiting.length >= 4 + waiting.readUInt32BE(0)) {
        const end = 4 + waiting.readUInt32BE(0);
        const frame = waiting.subarray(0, end);
        waiting = waiting.subarray(end);
        visit(frame, seen++);
        to.write(frame);
      }
    }
    to.end();
  };
}

/** Changes the last bit of frame number `target`, which is of its tag. */
function tamperWithFrame(target: number): Relay {
  return eachFrame((frame, index) => {
    if (index === target) frame[frame.length - 1]! ^= 1;
  });
}

function startClient(flags: readonly string[]): ChildProcessByStdio<null, Readable, null> {
  return spawn(python!, ['-B', program, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function runClient(
  { address, fingerprint }: Target,
  flags: readonly string[] = [],
  onLine: (line: Line, client: ChildProcessByStdio<null, Readable, null>) => unknown = () => undefined,
): Promise<{ exitCode: unknown; lines: Line[]; events: unknown[] }> {
  const client = startClient(['--server', address, '--server-key', fingerprint, ...flags]);
  const exited = once(client, 'exit');
  const lines: Line[] = [];
  for await (const text of createInterface(client.stdout)) {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    await onLine(line, client);
  }
  const [exitCode] = (await exited) as unknown[];
  return { exitCode, lines, events: lines.map(({ event }) => event) };
}

withPython('a client in Python, written from the documents alone', () => {
  let server: Target;

  beforeAll(async () => {
    server = await startServer('any', afterAllTests);
  });
  afterEach(() => cleanUp(afterThisTest));
  afterAll(() => cleanUp(afterAllTests));

  it('suite 0x02: hello ×5 in one record echoed, a ping timed, an orderly close', async () => {
    let frames = 0;
    const address = await startRelay(server, { up: eachFrame(() => (frames += 1)) });
    const { exitCode, lines, events } = await runClient({ ...server, address }, ['--message', 'hello', '--count', '5']);
    expect(frames).toBe(['0x01', '0x03', 'requests', 'ping', 'close'].length);
    expect(events).toEqual(['accepted', ...Array<string>(5).fill('reply'), 'pong', 'closed']);
    expect(lines[0]).toMatchObject({ fingerprint: server.fingerprint });
    for (const line of lines.slice(1, 6)) expect(line).toMatchObject({ text: 'hello', error: null });
    expect(lines[6]!['rtt_ms']).toBeGreaterThan(0);
    expect(exitCode).toBe(0);
  });

  it('a request larger than one read of a socket, both ways in small pieces', async () => {
    const address = await startRelay(server, { up: inPiecesOf1000, down: inPiecesOf1000 });
    const message = 'ä€𝄞 '.repeat(10_000);
    const { exitCode, lines, events } = await runClient({ ...server, address }, ['--message', message]);
    expect(events).toEqual(['accepted', 'reply', 'pong', 'closed']);
    expect(lines[1]).toMatchObject({ text: message });
    expect(exitCode).toBe(0);
  });

  it('pings of the server are answered, late ones too', async () => {
    const quick = createServer({
      dataDirectory: join(temporaryFolder(afterThisTest), 'data'),
      host: '127.0.0.1',
      port: 0,
      suites: 'any',
      limitOverrides: { session: { ...DEFAULT_SESSION_LIMITS, pingIntervalMs: 50 } },
    });
    quick.handle('echo', async (request) => {
      await sleep(600);
      return request.text();
    });
    const { port, fingerprint } = await quick.listen();
    afterThisTest.push(() => quick.close());
    const target = { address: `127.0.0.1:${port}`, fingerprint };
    const { exitCode, events } = await runClient(target, [], async ({ event }, client) => {
      if (event !== 'accepted') return;
      client.kill('SIGSTOP');
      await sleep(300);
      client.kill('SIGCONT');
    });
    expect(events.filter((event) => event !== 'ping-answered')).toEqual(['accepted', 'reply', 'pong', 'closed']);
    expect(events).toContain('ping-answered');
    expect(exitCode).toBe(0);
  });

  it('another key than the pinned one is refused before 0x03, and both are named', async () => {
    const pin = `SHA256:${'A'.repeat(43)}`;
    const { exitCode, lines } = await runClient({ ...server, fingerprint: pin });
    const message = `the server proved ${server.fingerprint}, not ${pin}`;
    expect(lines).toEqual([{ event: 'error', code: 'E_IDENTITY_CHANGED', message }]);
    expect(exitCode).toBe(1);
  });

  it('a server with --suites pq refuses suite 0x02 by name', async () => {
    const { exitCode, lines } = await runClient(await startServer('pq', afterThisTest));
    const message: unknown = expect.stringContaining('E_UNSUPPORTED_SUITE');
    expect(lines).toEqual([{ event: 'error', code: 'E_REJECTED', message }]);
    expect(exitCode).toBe(1);
  });

  it.each([
    { what: '0x02', relay: { down: tamperWithFrame(0) }, code: 'E_HANDSHAKE', before: [] },
    { what: 'a record of the server', relay: { down: tamperWithFrame(2) }, code: 'E_DECRYPT', before: ['accepted'] },
    { what: 'a record of the client', relay: { up: tamperWithFrame(2) }, code: 'E_DECRYPT', before: ['accepted'] },
  ])('$what, changed on the way, ends the connection with $code', async ({ relay, code, before }) => {
    const address = await startRelay(server, relay);
    const { exitCode, lines, events } = await runClient({ ...server, address });
    expect(events).toEqual([...before, 'error']);
    expect(lines.at(-1)).toMatchObject({ code });
    expect(exitCode).toBe(1);
  });
});
