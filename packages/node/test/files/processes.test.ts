/** send-file and get-file as commands, against `serve --receive`, as real processes (A4, F1, C3). */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FaultProxy, type FaultSpec } from '../../src/testing/index.ts';
import { Program, programsExist, startServer } from './processes.ts';
import { Workspace, content, sha256 } from './workspace.ts';

if (!programsExist) console.warn('SKIPPED: server or agent is not there, files are tested without processes only');
const describeProcesses = programsExist ? describe : describe.skip;

const SIZE = 64 * 2 ** 20;
const TIMEOUT_MS = 120_000;
/** What is cut on its way: there it stops until somebody ends it, however fast everything is. */
const CUT_SIZE = 4 * 2 ** 20;
const STOPS = { silenceByte: Math.floor(CUT_SIZE * 0.75) };
/** What is cut several times: much more than is on the way at once. */
const RESET_SIZE = 4 * CUT_SIZE;
let space: Workspace;
let running: Program[];
let ways: FaultProxy[];

beforeEach(() => {
  space = new Workspace();
  running = [];
  ways = [];
});
afterEach(async () => {
  for (const program of running) await program.end('SIGKILL');
  for (const way of ways) await way.stop();
  space.remove();
});

describeProcesses('files between real processes', () => {
  /** A server for all tests that leave it as it is. */
  let place: Workspace;
  let server: Awaited<ReturnType<typeof startServer>>;
  beforeAll(async () => {
    place = new Workspace();
    server = await startServer(place.directory, place.inbox);
  });
  afterAll(async () => {
    await server.program.end('SIGKILL');
    place.remove();
  });

  it(
    'A4: 64 MiB there and back, with progress and result lines',
    async () => {
      const { address } = server;
      const path = space.file('big.bin', SIZE);
      const sending = agent(address, 'send-file', path);
      expect(await sending.ended).toBe(0);
      const hash = sha256(content(SIZE));
      expect(sending.lines.at(-1)).toEqual({
        event: 'sent',
        name: 'big.bin',
        bytes: SIZE,
        sha256: hash,
        resumedFrom: 0,
      });
      expect(sending.lines[0]).toMatchObject({ event: 'progress', bytes: 0, totalBytes: SIZE });
      const output = space.path('back.bin');
      const getting = agent(address, 'get-file', 'big.bin', '--output', output);
      expect(await getting.ended).toBe(0);
      expect(getting.lines.at(-1)).toMatchObject({ event: 'received', sha256: hash, bytes: SIZE });
      expect(sha256(readFileSync(output))).toBe(hash);
    },
    TIMEOUT_MS,
  );

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'C3: %s in the middle keeps the part, and the next attempt resumes',
    async (signal) => {
      const { address, port } = server;
      const name = `${signal}.bin`;
      const path = space.file(name, CUT_SIZE);
      const way = await wayTo(port, STOPS);
      const first = agent(`127.0.0.1:${way.port}`, 'send-file', path);
      await untilPart(first, place.inbox, CUT_SIZE / 2);
      expect(await first.end(signal)).toBe({ SIGINT: 130, SIGTERM: 143, SIGKILL: null }[signal]);
      await way.stop();
      if (signal !== 'SIGKILL') expect(first.lines.at(-1)).toMatchObject({ event: 'error', code: 'E_INTERRUPTED' });
      expect(existsSync(join(place.inbox, name))).toBe(false);
      const second = agent(address, 'send-file', path);
      expect(await second.ended).toBe(0);
      expect(Number(second.lines.at(-1)?.['resumedFrom'])).toBeGreaterThan(CUT_SIZE / 4);
      expect(place.stored(name).equals(content(CUT_SIZE))).toBe(true);
      expect(readdirSync(place.inbox).filter((each) => each.startsWith(signal))).toEqual([name]);
      expect(partOf(place.inbox)).toBeUndefined();
    },
    TIMEOUT_MS,
  );

  it(
    'F1: the command itself resumes when the server is killed and comes back',
    async () => {
      const mortal = await startServer(space.directory, space.inbox);
      running.push(mortal.program);
      const way = await wayTo(mortal.port, STOPS);
      const path = space.file('again.bin', CUT_SIZE);
      const sending = agent(`127.0.0.1:${way.port}`, 'send-file', path);
      // What is left is less than the way takes.
      await untilPart(sending, space.inbox, CUT_SIZE / 2);
      await mortal.program.end('SIGKILL');
      running.push((await startServer(space.directory, space.inbox, mortal.port)).program);
      expect(await sending.ended).toBe(0);
      expect(Number(sending.lines.at(-1)?.['resumedFrom'])).toBeGreaterThan(CUT_SIZE / 4);
      expect(space.stored('again.bin').equals(content(CUT_SIZE))).toBe(true);
    },
    TIMEOUT_MS,
  );

  it(
    'F1: a way that is reset after 37 % of the file, again and again: the command resumes where it was cut',
    async () => {
      const { port } = server;
      const resetByte = Math.floor(RESET_SIZE * 0.37);
      const proxy = await wayTo(port, { resetByte });
      const path = space.file('far.bin', RESET_SIZE);
      const sending = agent(`127.0.0.1:${proxy.port}`, 'send-file', path);
      expect(await sending.ended).toBe(0);
      // What was on the way is lost each time.
      expect([3, 4]).toContain(proxy.connections);
      expect(Number(sending.lines.at(-1)?.['resumedFrom'])).toBeGreaterThan(RESET_SIZE * 0.6);
      expect(place.stored('far.bin').equals(content(RESET_SIZE))).toBe(true);
    },
    TIMEOUT_MS,
  );

  it(
    'exit codes: names 65, no such file 1, an existing one 65, nobody there 69, wrong flags 2, time up 124',
    async () => {
      const { address, port } = server;
      const path = space.file('small.bin', 10);
      const code = async (...words: string[]): Promise<unknown> => {
        const program = agent(words[0]!, ...words.slice(1));
        return [await program.ended, program.lines.at(-1)?.['code']];
      };
      expect(await code(address, 'send-file', path, '--name', '../x')).toEqual([65, 'E_FILE_NAME']);
      expect(await code(address, 'send-file', space.path('none'))).toEqual([1, 'E_FILE_NOT_FOUND']);
      expect(await code(address, 'get-file', 'none', '--output', space.path('o'))).toEqual([1, 'E_FILE_NOT_FOUND']);
      expect(await code(address, 'get-file', 'none')).toEqual([2, 'E_USAGE']);
      expect(await code(address, 'send-file', path)).toEqual([0, undefined]);
      expect(await code(address, 'send-file', space.file('other', 11), '--name', 'small.bin')).toEqual([
        65,
        'E_FILE_EXISTS',
      ]);
      expect(await code('127.0.0.1:1', 'send-file', path)).toEqual([69, 'E_UNREACHABLE']);
      // At this rate the file takes seconds, however fast everything else is.
      const narrow = await wayTo(port, { bytesPerSecond: 300_000 });
      const slow = space.file('slow', 2 ** 20);
      const outcome = await code(`127.0.0.1:${narrow.port}`, 'send-file', slow, '--timeout', '0.3');
      expect(outcome).toEqual([124, 'E_TIMEOUT']);
    },
    TIMEOUT_MS,
  );
});

function agent(address: string, ...words: string[]): Program {
  const program = new Program('agent', [...words, '--server', address, '--data-dir', space.path('agent')]);
  running.push(program);
  return program;
}

async function wayTo(port: number, toServer: FaultSpec): Promise<FaultProxy> {
  const way = await FaultProxy.start({ target: { port }, faults: { toServer } });
  ways.push(way);
  return way;
}

/** The directory of the only unfinished file on the server's disk. */
function partOf(inbox: string): string | undefined {
  const directory = join(inbox, '.sealane-partial');
  const key = existsSync(directory) ? readdirSync(directory)[0] : undefined;
  return key === undefined ? undefined : join(directory, key);
}

/** Waits until so much of it is there. */
async function untilPart(program: Program, inbox: string, bytes: number): Promise<void> {
  for (;;) {
    const part = partOf(inbox);
    const file = part === undefined ? undefined : join(part, 'content');
    if (file !== undefined && existsSync(file) && statSync(file).size >= bytes) return;
    if (program.child.exitCode !== null) throw new Error(`ended early: ${program.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
