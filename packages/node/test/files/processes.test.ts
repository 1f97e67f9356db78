/** send-file and get-file as commands, against `serve --receive`, as real processes (A4, F1, C3). */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FaultProxy } from '../../src/testing/index.ts';
import { Program, programsExist, startServer } from './processes.ts';
import { Workspace, content, sha256 } from './workspace.ts';

if (!programsExist) console.warn('SKIPPED: server or agent is not there, files are tested without processes only');
const describeProcesses = programsExist ? describe : describe.skip;

const SIZE = 64 * 2 ** 20;
const TIMEOUT_MS = 120_000;
let space: Workspace;
let running: Program[];

beforeEach(() => {
  space = new Workspace();
  running = [];
});
afterEach(async () => {
  for (const program of running) await program.end('SIGKILL');
  space.remove();
});

describeProcesses('files between real processes', () => {
  it(
    'A4: 64 MiB there and back, with progress and result lines',
    async () => {
      const { address } = await serve();
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
      const { address } = await serve();
      const path = space.file('cut.bin', SIZE);
      const first = agent(address, 'send-file', path);
      await untilPart(first, SIZE / 10);
      expect(await first.end(signal)).toBe({ SIGINT: 130, SIGTERM: 143, SIGKILL: null }[signal]);
      if (signal !== 'SIGKILL') expect(first.lines.at(-1)).toMatchObject({ event: 'error', code: 'E_INTERRUPTED' });
      expect(existsSync(join(space.inbox, 'cut.bin'))).toBe(false);
      const second = agent(address, 'send-file', path);
      expect(await second.ended).toBe(0);
      expect(Number(second.lines.at(-1)?.['resumedFrom'])).toBeGreaterThan(SIZE / 20);
      expect(sha256(space.stored('cut.bin'))).toBe(sha256(content(SIZE)));
      expect(readdirSync(space.inbox)).toEqual(['cut.bin']);
    },
    TIMEOUT_MS,
  );

  it(
    'F1: the command itself resumes when the server is killed and comes back',
    async () => {
      const server = await serve();
      const path = space.file('again.bin', SIZE);
      const sending = agent(server.address, 'send-file', path);
      await untilPart(sending, SIZE / 10);
      await server.program.end('SIGKILL');
      running.push((await startServer(space.directory, space.inbox, server.port)).program);
      expect(await sending.ended).toBe(0);
      expect(Number(sending.lines.at(-1)?.['resumedFrom'])).toBeGreaterThan(SIZE / 20);
      expect(sha256(space.stored('again.bin'))).toBe(sha256(content(SIZE)));
    },
    TIMEOUT_MS,
  );

  it(
    'F1: a way that is reset after 37 % of the file, again and again: the command resumes where it was cut',
    async () => {
      const { port } = await serve();
      const resetByte = Math.floor(SIZE * 0.37);
      const proxy = await FaultProxy.start({ target: { port }, faults: { toServer: { resetByte } } });
      const path = space.file('far.bin', SIZE);
      const sending = agent(`127.0.0.1:${proxy.port}`, 'send-file', path);
      expect(await sending.ended).toBe(0);
      expect(proxy.connections).toBe(3);
      expect(Number(sending.lines.at(-1)?.['resumedFrom'])).toBeGreaterThan(SIZE * 0.6);
      expect(sha256(space.stored('far.bin'))).toBe(sha256(content(SIZE)));
      await proxy.stop();
    },
    TIMEOUT_MS,
  );

  it(
    'exit codes: names 65, no such file 1, an existing one 65, nobody there 69, wrong flags 2, time up 124',
    async () => {
      const { address, port } = await serve();
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
      const narrow = await FaultProxy.start({ target: { port }, faults: { toServer: { bytesPerSecond: 300_000 } } });
      const slow = space.file('slow', 2 ** 20);
      const outcome = await code(`127.0.0.1:${narrow.port}`, 'send-file', slow, '--timeout', '0.3');
      await narrow.stop();
      expect(outcome).toEqual([124, 'E_TIMEOUT']);
    },
    TIMEOUT_MS,
  );
});

async function serve() {
  const server = await startServer(space.directory, space.inbox);
  running.push(server.program);
  return server;
}

function agent(address: string, ...words: string[]): Program {
  const program = new Program('agent', [...words, '--server', address, '--data-dir', space.path('agent')]);
  running.push(program);
  return program;
}

/** Waits until so much of the only unfinished file is on the server's disk. */
async function untilPart(program: Program, bytes: number): Promise<void> {
  const directory = join(space.inbox, '.sealane-partial');
  for (;;) {
    const key = existsSync(directory) ? readdirSync(directory)[0] : undefined;
    const file = key === undefined ? undefined : join(directory, key, 'content');
    if (file !== undefined && existsSync(file) && statSync(file).size >= bytes) return;
    if (program.child.exitCode !== null) throw new Error(`ended early: ${program.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
