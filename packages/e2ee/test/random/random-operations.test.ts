import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { applyPatches, copyPackage, type Copy } from '../patch/unpatched.ts';

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const EPOCHS = 125;
const TIMEOUT_MS = 300_000;

interface Report {
  readonly epoch: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
}

async function runWorld(args: readonly (string | number)[], copy?: Copy): Promise<Report> {
  const preload = copy === undefined ? [] : ['--import', pathOf('use-copy.ts')];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...preload, '--conditions=@sealane/source', pathOf('run-world.ts'), ...args.map(String)],
    { env: { ...process.env, ...(copy && { TS_MLS_COPY: copy.folder }) } },
  );
  return JSON.parse(stdout) as Report;
}

describe('random operations on a group, with nothing in memory between any two steps', () => {
  it(
    'D5, E3: keep all members together and removed ones out, over 500 epochs of four groups',
    async () => {
      const reports: Report[] = [];
      for (const pair of [
        [1, 2],
        [3, 4],
      ]) {
        const runs = pair.map((seed) => runWorld([seed, EPOCHS, seed === 4 ? 'hybrid' : 'classical', 8]));
        reports.push(...(await Promise.all(runs)));
      }
      const total = (of: (report: Report) => number | undefined): number =>
        reports.reduce((sum, report) => sum + (of(report) ?? 0), 0);
      expect(total(({ epoch }) => epoch)).toBeGreaterThanOrEqual(500);
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
      await expect(runWorld([1, EPOCHS, 'classical', 8], copy)).rejects.toThrow(/No overlap|malformed/);
    },
    TIMEOUT_MS,
  );
});
