import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '@sealane/node/testing';
import { processesInFolder } from '../../test/processes-in-folder.ts';
import type { LoadReport } from './report/load-report.ts';

const entry = fileURLToPath(new URL('main.ts', import.meta.url));
const TEST_MS_MAX = 120_000;

/** So many bytes in the data directory of a server are more than it begins with, and come after a second or two of load. */
const STORED_BYTES = 2 * 2 ** 20;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealane-load-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the load generator as a process, perhaps interrupted when something is so. */
async function runLoad(
  args: readonly string[],
  interruptWhen?: () => boolean,
): Promise<{ code: number | null; stdout: string }> {
  const child = startLoad(args);
  const ended = Promise.all([text(child.stdout), once(child, 'exit')]);
  if (interruptWhen !== undefined) {
    await until('it is to be interrupted', () => interruptWhen() || child.exitCode !== null, { limitMs: TEST_MS_MAX });
    child.kill('SIGTERM');
  }
  const [stdout] = await ended;
  return { code: child.exitCode, stdout };
}

function startLoad(args: readonly string[], stderr: 'inherit' | 'ignore' = 'inherit') {
  return spawn(process.execPath, ['--conditions=@sealane/source', entry, ...args], {
    stdio: ['ignore', 'pipe', stderr],
    env: { ...process.env, TMPDIR: folder },
  });
}

/** Whether the server of the load has stored events. */
function hasStored(): boolean {
  const files = globSync('*/**', { cwd: folder, withFileTypes: true }).filter((entry) => entry.isFile());
  const sizes = files.map(({ parentPath, name }) => statSync(join(parentPath, name), { throwIfNoEntry: false })?.size);
  return sizes.reduce<number>((sum, size = 0) => sum + size, 0) > STORED_BYTES;
}

describe('load generator', () => {
  it(
    'I8: many agents in two processes, all cut once: nothing is lost, and the report says so',
    async () => {
      const sizes = ['--agents', '40', '--processes', '2', '--topics', '20', '--events-per-second', '200'];
      const { code, stdout } = await runLoad([...sizes, '--duration', '5', '--reconnect-storm', '--json']);
      const report = JSON.parse(stdout) as LoadReport;
      expect(report).toMatchObject({ event: 'load', ok: true, agents: 40 });
      expect(report.check).toMatchObject({ isClean: true, lost: 0, unanswered: 0 });
      expect(report.check.published).toBeGreaterThan(100);
      expect(report.check.delivered).toBe(2 * report.check.published);
      expect(report.measured.storm).toMatchObject({ cut: 40, away: 0 });
      expect(report.latencies.delivery.count).toBe(report.check.delivered);
      expect(code).toBe(0);
    },
    TEST_MS_MAX,
  );

  it(
    'I8, R3: a way that cuts every connection after a while, at any byte: nothing is lost',
    async () => {
      const sizes = ['--agents', '10', '--events-per-second', '200', '--duration', '4', '--seed', '7'];
      const fault = 'latency-ms=2,jitter-ms=5,slice-bytes=700,to-agent:reset-byte=5000-20000,corrupt-byte=10000-60000';
      const { code, stdout } = await runLoad([...sizes, '--fault', fault, '--json']);
      const report = JSON.parse(stdout) as LoadReport;
      expect(report).toMatchObject({ ok: true, check: { lost: 0, phantom: 0, unanswered: 0 } });
      expect(report.check.published).toBeGreaterThan(100);
      const lost = Object.values(report.connectionsLost).reduce((sum, count) => sum + count, 0);
      expect(lost).toBeGreaterThan(4);
      expect(code).toBe(0);
    },
    TEST_MS_MAX,
  );

  it(
    'I8: SIGTERM ends the load early, with its report and without a trace',
    async () => {
      const { code, stdout } = await runLoad(['--agents', '2', '--duration', '600', '--json'], hasStored);
      const report = JSON.parse(stdout) as LoadReport;
      expect(report).toMatchObject({ ok: true, measured: { interrupted: true } });
      expect(report.measured.seconds).toBeLessThan(60);
      expect(report.check.published).toBeGreaterThan(0);
      expect(code).toBe(143);
      expect([readdirSync(folder), processesInFolder(folder)]).toEqual([[], []]);
    },
    TEST_MS_MAX,
  );

  it(
    'whoever does not wait for a server that does not answer leaves nothing behind, either',
    async () => {
      const child = startLoad(['--agents', '1', '--duration', '600', '--json'], 'ignore');
      const ended = once(child, 'exit');
      await until('there is a server', () => processesInFolder(folder).length > 0, { limitMs: TEST_MS_MAX });
      for (const { id } of processesInFolder(folder)) process.kill(id, 'SIGSTOP');
      const again = setInterval(() => child.kill('SIGTERM'), 300);
      const how: unknown = await ended;
      clearInterval(again);
      expect(how).toEqual([143, null]);
      expect(readdirSync(folder)).toEqual([]);
      await until('its server is gone', () => processesInFolder(folder).length === 0, { limitMs: TEST_MS_MAX });
    },
    TEST_MS_MAX,
  );

  it('a file of tokens that is not there is exit code 2', async () => {
    expect(await runLoad(['--token-file', join(folder, 'none')])).toEqual({ code: 2, stdout: '' });
  });
});
