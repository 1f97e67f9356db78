import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '@sealane/node/testing';

const ROOT = join(import.meta.dirname, '..', '..', '..', '..');
const run = promisify(execFile);

/** Where `npx` looks in the workspace; before it, programs that tests have built. */
const PATH = [
  ...(process.env['TEST_PROGRAMS'] ? [join(process.env['TEST_PROGRAMS'], 'bin')] : []),
  join(ROOT, 'node_modules', '.bin'),
  process.env['PATH'],
].join(':');

/** What a command prints. That `npx` finds the programs, the test of a guide shows: it takes two seconds each time. */
async function outputOf(command: string): Promise<string> {
  const words = ['-c', command.replace(/^ +npx /, '')];
  return (await run('sh', words, { cwd: ROOT, env: { ...process.env, PATH }, timeout: 60_000 })).stdout;
}

let demo: ChildProcess | undefined;
afterEach(async () => {
  if (demo === undefined || demo.exitCode !== null) return;
  // Not SIGKILL: its server would stay.
  demo.kill('SIGINT');
  await once(demo, 'exit');
});

describe('tools:load --demo', () => {
  it('I9: fills a server; every command that it prints works as printed; Ctrl-C removes all of it', async () => {
    const main = join(ROOT, 'tools', 'src', 'load', 'main.ts');
    demo = spawn(process.execPath, ['--conditions=@sealane/source', main, '--demo'], { cwd: ROOT });
    let said = '';
    demo.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    demo.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until(
      'it is filled',
      () => said.includes('until Ctrl-C'),
      { limitMs: 60_000 },
      () => said,
    );
    const commands = said.split('\n').filter((line) => /^ {2}\S/.test(line));
    expect(commands.length).toBeGreaterThan(5);
    expect(commands.filter((command) => !/^ {2}(npx sealane-(server|agent)|curl) /.test(command))).toEqual([]);
    const answers = await Promise.all(commands.map(outputOf));
    const answerOf = (name: string): string => answers[commands.findIndex((command) => command.includes(name))] ?? '';
    expect(answerOf(' status ')).toContain('store    sqlite, ready');
    expect(answerOf(' agents list ')).toMatch(/^truck-\w+ +no +- +25 /m);
    expect(answerOf(' events ')).toMatch(/^truck-\w+ routes\S+ +25 /m);
    expect(answerOf(' dlq list ').match(/the printer is out of paper/g)).toHaveLength(3);
    expect(answerOf(' usage ')).toContain('dashboard-');
    expect(answerOf(' message list ')).toContain('Out of paper. Three dead letters.');
    expect(answerOf(' message list ')).toContain('the server neither');
    expect(answerOf(' group list ')).toContain('dispatch');
    expect(answerOf(' verify ')).toMatch(/(\d{5} {1,2}){3}/);
    expect(answerOf('/metrics')).toContain('sealane_dead_letters 3');
    const directory = /--data-dir (\S+)/.exec(said)?.[1] ?? '';
    expect(existsSync(directory)).toBe(true);
    demo.kill('SIGINT');
    expect(await once(demo, 'exit')).toEqual([0, null]);
    expect(existsSync(directory)).toBe(false);
  }, 120_000);
});
