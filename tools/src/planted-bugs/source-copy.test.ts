/** A copy that cannot be made leaves nothing behind, and a commit that is not there is a mistake of whoever typed it. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '..', '..', '..');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'planted-test-'));
  for (const name of ['temporary', 'no-work-tree']) mkdirSync(join(folder, name));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The command of the tool, with a folder of its own for what it makes. */
function plantedBugs(args: readonly string[], workTree = root) {
  const node = ['--import', join(root, 'packages/node/src/require-node.js'), '--conditions=@sealane/source'];
  const program = join(root, 'tools/src/planted-bugs/main.ts');
  return spawnSync(process.execPath, [...node, program, ...args], {
    cwd: workTree,
    encoding: 'utf8',
    // No repository above the folder counts.
    env: { ...process.env, TMPDIR: join(folder, 'temporary'), GIT_CEILING_DIRECTORIES: folder },
  });
}

describe('a copy of the sources', () => {
  it.each(['nosuchref', '--help', 'HEAD:package.json'])(
    'of %s, which is no commit, is a usage error',
    (ref) => {
      const { status, stderr } = plantedBugs([`--ref=${ref}`, '--bug', 'frame-length-unchecked']);
      expect(stderr).toContain(`--ref expected a commit, got "${ref}"`);
      expect(stderr).not.toMatch(/^ +at /m);
      expect(status).toBe(2);
      expect(readdirSync(join(folder, 'temporary'))).toEqual([]);
    },
    60_000,
  );

  it('that fails half-way leaves no folder', () => {
    const noWorkTree = join(folder, 'no-work-tree');
    // The program reads its settings where it stands.
    copyFileSync(join(root, '.oxfmtrc.json'), join(noWorkTree, '.oxfmtrc.json'));
    const { status, stderr } = plantedBugs(['--bug', 'frame-length-unchecked'], noWorkTree);
    expect(stderr).toContain('git ls-files');
    expect(status).toBe(1);
    expect(readdirSync(join(folder, 'temporary'))).toEqual([]);
  }, 60_000);
});
