/** The bench as users start it, as far as it does not measure. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '@sealane/node/testing';

const ENTRY = ['--conditions=@sealane/source', fileURLToPath(new URL('../src/bench/main.ts', import.meta.url))];
const TEST_MS_MAX = 120_000;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealane-bench-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function childrenOf(id: number | undefined): readonly number[] {
  const ids = readFileSync(`/proc/${id ?? 0}/task/${id ?? 0}/children`, 'utf8');
  return [...ids.matchAll(/\d+/g)].map(Number);
}

function isRunning(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch {
    return false;
  }
}

describe('tools:bench', () => {
  it.each([
    [['profile', 'none'], /^profile cannot be read: ENOENT.*\n$/],
    [['--rows', 'P1,P4', '--quick', '--only', 'zzz'], /^--only zzz: .*there are P1 "one way, 64 B", .*P4 ".*\n$/],
  ])('says in one line why nothing can be done: %j', (args, message) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...ENTRY, ...args], { encoding: 'utf8' });
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(message) });
  });

  it(
    'SIGTERM ends it, and none of its folders is left, no key and no process',
    async () => {
      const args = ['--rows', 'P1', '--quick', '--only', '64', '--seconds', '600'];
      const child = spawn(process.execPath, [...ENTRY, ...args], {
        env: { ...process.env, TMPDIR: folder },
        stdio: 'ignore',
      });
      const exited = once(child, 'exit');
      const hasFolder = (): boolean => readdirSync(folder).some((name) => /^sealane-bench-.{6}$/.test(name));
      const isAtWork = (): boolean => hasFolder() && childrenOf(child.pid).length === 2;
      await until('it is at work', isAtWork, { limitMs: TEST_MS_MAX });
      const workers = childrenOf(child.pid);
      child.kill('SIGTERM');
      expect(await exited).toEqual([143, null]);
      expect([readdirSync(folder), workers.filter(isRunning)]).toEqual([[], []]);
    },
    TEST_MS_MAX,
  );
});
