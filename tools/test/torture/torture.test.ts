/** The torture as users run it: a short one, one that has to find a planted bug, one that is interrupted. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { programWords } from '@sealane/node/testing';
import type { TortureReport } from '../../src/torture/report.ts';
import { processesInFolder } from '../processes-in-folder.ts';

jest.setTimeout(180_000);

const ENTRY = fileURLToPath(new URL('../../src/torture/main.ts', import.meta.url));
const FORGETFUL_SERVER = fileURLToPath(new URL('forgetful-server.ts', import.meta.url));

/** The file of a program as it is built for tests, else of its sources. */
const fileOf = (name: 'server' | 'agent'): string => programWords(name).at(-1) ?? '';
const PROGRAMS = ['--server', fileOf('server'), '--agent', fileOf('agent')];

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sealane-torture-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it with a folder of its own for temporary files. */
function torture(args: readonly string[]): { readonly pid: number; readonly ended: Promise<Outcome> } {
  const child = spawn(process.execPath, ['--conditions=@sealane/source', ENTRY, ...args], {
    env: { ...process.env, TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, as a shell gives it: Ctrl-C is for all of its processes.
    detached: true,
  });
  const said = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  const ended = said.then(([stdout, stderr]) => ({ code: child.exitCode, stdout, stderr }));
  return { pid: child.pid ?? 0, ended };
}

describe('tools:torture', () => {
  it('2.0.10, 2.0.11: a round is passed, its report is one page, and nothing is left behind', async () => {
    const report = join(directory, 'report', 'torture.md');
    const args = [...PROGRAMS, ...'--only proxy --rounds 1 --faults 2 --seed 3 --json'.split(' '), '--report', report];
    const { code, stdout } = await torture(args).ended;
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, failures: [], groups: [{ group: 'proxy', rounds: 1 }] });
    expect(code).toBe(0);
    const page = readFileSync(report, 'utf8');
    expect(page).toContain('**Verdict: nothing lost, nothing made up, everything in order.**');
    expect(page).toContain('npx nx run tools:torture -- --server ');
    expect(processesInFolder(directory)).toEqual([]);
    expect(readdirSync(directory)).toEqual(['report']);
  });

  it('2.0.10: a server that gives receipts for what it does not store is found', async () => {
    const words = '--only kill --rounds 1 --faults 1 --seed 3 --patience 20 --json'.split(' ');
    const args = ['--server', FORGETFUL_SERVER, '--agent', fileOf('agent'), ...words];
    const { code, stdout } = await torture(args).ended;
    const { failures, ok } = JSON.parse(stdout) as TortureReport;
    expect(ok).toBe(false);
    expect(failures[0]?.faults.join()).toContain('has a receipt and was not delivered');
    expect(existsSync(join(failures[0]?.evidence ?? '', 'all.jsonl'))).toBe(true);
    expect(code).toBe(1);
  });

  it('Ctrl-C ends it in the middle of a round, with its report and without a trace', async () => {
    const { pid, ended } = torture([...PROGRAMS, '--only', 'kill', '--minutes', '5', '--json']);
    // Counted once: it kills some of them soon.
    let running = processesInFolder(directory).length;
    for (let wait = 0; wait < 600 && running < 6; wait++) {
      await sleep(100);
      running = processesInFolder(directory).length;
    }
    expect(running).toBeGreaterThanOrEqual(6);
    process.kill(-pid, 'SIGINT');
    const { code, stdout } = await ended;
    // No round is none that was passed.
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, interrupted: true, groups: [] });
    expect(code).toBe(130);
    expect(processesInFolder(directory)).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('a report that cannot be written is exit code 2, before anything is done', async () => {
    const { code, stderr } = await torture(['--report', join(FORGETFUL_SERVER, 'x.md')]).ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(/^--report cannot be written: EEXIST.*\n$/);
  });
});
