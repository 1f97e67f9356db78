import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bundleProgram } from '../bundle-program.ts';
import { applyPatches, copyPackage, type Copy } from '../patch/unpatched.ts';

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const isLong = process.env['TEST_LONG_RANDOM'] === '1';
if (!isLong)
  console.warn('SKIPPED: 500 epochs of each world, 500 of all together are done: TEST_LONG_RANDOM=1 does all');
/** Of each of the four worlds. */
const EPOCHS = isLong ? 500 : 125;
const MEMBERS = 7;
const TIMEOUT_MS = 300_000;

interface Report {
  readonly epoch: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Worlds of these seeds, one after the other in a process of its own. @param program words of `node`. */
async function runWorlds(program: readonly string[], seeds: readonly string[], copy?: Copy): Promise<Report[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [...program, `${EPOCHS}`, `${MEMBERS}`, ...seeds], {
    env: { ...process.env, ...(copy && { TS_MLS_COPY: copy.folder }) },
  });
  const lines = stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Report);
}

describe('random operations on a group, with nothing in memory between any two steps', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sealane-random-'));
  let program: string;
  beforeAll(async () => {
    program = await bundleProgram(pathOf('run-world.ts'), folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it(
    'D5, E3: keep all members together and removed ones out, over 500 epochs of four groups',
    async () => {
      const halves = [
        ['classical:1', 'classical:2'],
        ['classical:3', 'hybrid:4'],
      ];
      const reports = (await Promise.all(halves.map((seeds) => runWorlds([program], seeds)))).flat();
      const total = (of: (report: Report) => number | undefined): number =>
        reports.reduce((sum, report) => sum + (of(report) ?? 0), 0);
      expect(total(({ epoch }) => epoch)).toBeGreaterThanOrEqual(4 * EPOCHS);
      for (const kind of ['add', 'remove', 'mixed', 'update', 'lost', 'resync', 'join']) {
        expect(total(({ counts }) => counts[kind])).toBeGreaterThan(10);
      }
      expect(total(({ outcomes }) => outcomes['decrypted'])).toBeGreaterThan(2_000);
    },
    TIMEOUT_MS,
  );
});

describe('random operations with the published ts-mls', () => {
  let copy: Copy;
  beforeAll(() => {
    copy = copyPackage();
    applyPatches('--reverse', '--package', copy.folder);
  });
  afterAll(() => copy.dispose());

  it(
    'D5: fail soon, so that this test would tell if the patch was lost',
    async () => {
      // From its sources, so that the copy can stand in for the package.
      const program = ['--import', pathOf('use-copy.ts'), '--conditions=@sealane/source', pathOf('run-world.ts')];
      await expect(runWorlds(program, ['classical:1'], copy)).rejects.toThrow(/No overlap|malformed/);
    },
    TIMEOUT_MS,
  );
});
