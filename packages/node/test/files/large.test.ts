/**
 * A4: 1 GiB through a real server and agents, killed at 40 % and resumed, either way, with less than 64 MiB of memory
 * growth on each side. Takes minutes and 3 GiB of disk: runs with TEST_LARGE_FILES=1 only.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Program, startServer } from './processes.ts';
import { Workspace, content } from './workspace.ts';

const GIB = 2 ** 30;
const GROWTH_KIB_MAX = 64 * 1_024;
const isWanted = process.env['TEST_LARGE_FILES'] === '1';
if (!isWanted) console.warn('SKIPPED A4 with 1 GiB: set TEST_LARGE_FILES=1');

let space: Workspace;
let server: Awaited<ReturnType<typeof startServer>> | undefined;

(isWanted ? describe : describe.skip)('A4: 1 GiB', () => {
  beforeEach(async () => {
    space = new Workspace();
    server = await startServer(space.directory, space.inbox);
  });
  afterEach(async () => {
    await server?.program.end();
    space.remove();
  });

  it('A4: sent and got, killed at 40 %, resumed, in flat memory', async () => {
    const path = space.path('gib.bin');
    writeLarge(path);
    const hash = await hashOf(path);
    await transfer('send', ['send-file', path], hash);
    await transfer('get', ['get-file', 'gib.bin', '--output', space.path('back.bin')], hash);
    expect(await hashOf(join(space.inbox, 'gib.bin'))).toBe(hash);
    expect(await hashOf(space.path('back.bin'))).toBe(hash);
  }, 1_800_000);
});

/** One direction: a first agent killed at 40 %, a second one that resumes; both and the server are measured. */
async function transfer(label: string, words: readonly string[], hash: string): Promise<void> {
  const first = agent(words);
  const watch = watchMemory(first);
  await first.line(({ event, bytes }) => event === 'progress' && Number(bytes) >= 0.4 * GIB);
  await first.end('SIGKILL');
  const firstGrowth = watch();
  const second = agent(words);
  const watchSecond = watchMemory(second);
  expect(await second.ended).toBe(0);
  const secondGrowth = watchSecond();
  const result = second.lines.at(-1);
  expect(result).toMatchObject({ bytes: GIB, sha256: hash });
  expect(Number(result?.['resumedFrom'])).toBeGreaterThan(0.39 * GIB);
  for (const [who, growth] of Object.entries({
    firstAgent: firstGrowth.agent,
    secondAgent: secondGrowth.agent,
    server: secondGrowth.server,
  })) {
    console.info(`${label}: ${who} grew by ${(growth / 1_024).toFixed(1)} MiB`);
    expect(growth).toBeLessThan(GROWTH_KIB_MAX);
  }
}

function agent(words: readonly string[]): Program {
  return new Program('agent', [...words, '--server', server?.address ?? '', '--data-dir', space.path('agent')]);
}

/** Samples agent and server until it is called. Growth counts from the first progress line, when all code is loaded. */
function watchMemory(program: Program) {
  let growth = { agent: 0, server: 0 };
  const timer = setInterval(() => {
    if (program.lines.length > 0)
      growth = { agent: program.sampleMemory(), server: server?.program.sampleMemory() ?? 0 };
  }, 50);
  return () => {
    clearInterval(timer);
    return growth;
  };
}

function writeLarge(path: string): void {
  const file = openSync(path, 'w');
  const block = content(2 ** 20);
  for (let index = 0; index < GIB / block.length; index++) {
    block.writeUInt32BE(index, 0);
    writeSync(file, block);
  }
  closeSync(file);
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
