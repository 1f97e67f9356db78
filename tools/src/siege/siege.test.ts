/** The siege as a process. `TEST_SIEGE=1` lays the whole one, as docs/proof/memory.md shows it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '@sealane/node/testing';
import { processesInFolder } from '../../test/processes-in-folder.ts';
import { MemoryGroup } from './memory-group.ts';
import type { SiegeReport } from './report.ts';

const entry = fileURLToPath(new URL('main.ts', import.meta.url));
const TEST_MS_MAX = 120_000;
const MIB = 2 ** 20;

const group = MemoryGroup.create(256 * MIB);
group?.remove();
if (group === undefined) console.warn('SKIPPED: the siege needs control groups of Linux, and root');
const besieged = group === undefined ? it.skip : it;
const isWhole = process.env['TEST_SIEGE'] === '1';
if (!isWhole) console.warn('SKIPPED: the whole siege; TEST_SIEGE=1 lays it');
const wholly = isWhole ? besieged : it.skip;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealane-siege-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function startSiege(args: readonly string[], stderr: 'inherit' | 'ignore' = 'inherit') {
  return spawn(process.execPath, ['--conditions=@sealane/source', entry, '--source', ...args], {
    stdio: ['ignore', 'pipe', stderr],
    env: { ...process.env, TMPDIR: folder },
  });
}

async function laySiege(args: readonly string[]): Promise<{ code: number | null; stdout: string }> {
  const child = startSiege(args);
  const [stdout] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return { code: child.exitCode, stdout };
}

describe('siege', () => {
  besieged(
    'rules 1, 2, 4: a small one: the server lives in 256 MiB, and no agent loses anything',
    async () => {
      const besiegers = [
        '--slow-handshakes',
        '60',
        '--giant-lengths',
        '60',
        '--slow-readers',
        '40',
        '--deaf-peers',
        '60',
        '--flooders',
        '20',
      ];
      const sizes = ['--memory', '256', '--agents', '5', '--duration', '5'];
      const { stdout } = await laySiege([...sizes, ...besiegers, '--json']);
      const report = JSON.parse(stdout) as SiegeReport;
      // How fast answers are, a machine that is busy with other tests does not show.
      expect(report.failures.filter((failure) => !failure.includes(' took '))).toEqual([]);
      expect(report.latencies.request.siege.count).toBeGreaterThan(20);
      expect(report.besiegers.deafPeers).toBeGreaterThanOrEqual(60);
      expect(report.besiegers.flooders).toBeGreaterThanOrEqual(10);
      expect(report.counted['connections_refused_total']?.['noise']).toBeGreaterThan(0);
    },
    TEST_MS_MAX,
  );

  wholly(
    'rules 1, 2, 4: 500 slow handshakes, 500 giant lengths, 200 slow readers, 200 that never read: agents do not notice',
    async () => {
      const { code, stdout } = await laySiege(['--json']);
      expect(JSON.parse(stdout)).toMatchObject({ ok: true, failures: [] });
      expect(code).toBe(0);
    },
    TEST_MS_MAX,
  );

  wholly(
    'rules 2, 6: 20 agents that publish as much as is taken beside all others: the server lives, no agent loses anything',
    async () => {
      const { stdout } = await laySiege(['--flooders', '20', '--json']);
      const { failures } = JSON.parse(stdout) as SiegeReport;
      // They share one disk with the flood: how long their events take is a matter of that disk.
      expect(failures.filter((failure) => !failure.startsWith('events took '))).toEqual([]);
    },
    TEST_MS_MAX,
  );

  besieged.each([
    ['SIGTERM ends it', false],
    ['whoever does not wait for a server that does not answer ends it', true],
  ])(
    '%s, and no server, folder or control group is left',
    async (_, isStopped) => {
      const child = startSiege(['--agents', '1', '--duration', '600', '--json'], 'ignore');
      const ended = Promise.all([text(child.stdout), once(child, 'exit')]);
      await until('there is a server', () => processesInFolder(folder).length > 0, { limitMs: TEST_MS_MAX });
      if (isStopped) for (const { id } of processesInFolder(folder)) process.kill(id, 'SIGSTOP');
      child.kill('SIGTERM');
      const again = isStopped ? setInterval(() => child.kill('SIGTERM'), 300) : undefined;
      const [stdout] = await ended;
      clearInterval(again);
      expect(child.exitCode).toBe(143);
      expect(stdout).toBe(isStopped ? '' : '{"event":"error","message":"interrupted before the siege began"}\n');
      expect(readdirSync(folder)).toEqual([]);
      expect(globSync(`/sys/fs/cgroup/{,*/}sealane-siege-${child.pid}`)).toEqual([]);
      await until('its server is gone', () => processesInFolder(folder).length === 0, { limitMs: TEST_MS_MAX });
    },
    TEST_MS_MAX,
  );

  it('a report that cannot be written is exit code 2, before anything is done', async () => {
    expect(await laySiege(['--report', join(entry, 'x.md')])).toEqual({ code: 2, stdout: '' });
  });
});
