/** Reports of tools as users ask for them, where they cannot be written; see also src/docs/report.test.ts. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const entryOf = (tool: string): string => fileURLToPath(new URL(`../src/${tool}/main.ts`, import.meta.url));

it.each(['sim', 'fuzz'])(
  'a report of tools:%s that cannot be written is said before anything is done',
  (tool) => {
    const args = ['--conditions=@sealane/source', entryOf(tool), '--report', `${entryOf(tool)}/x.md`];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    const message: unknown = expect.stringMatching(/^--report cannot be written: EEXIST.*\n$/);
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: message });
  },
  60_000,
);
