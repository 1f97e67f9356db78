import { execFileSync } from 'node:child_process';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { applyPatches, copyPackage, type Copy } from './unpatched.ts';

const program = fileURLToPath(new URL('faults.ts', import.meta.url));
const MENDED = { join: 'joined', skipped: 'opens nothing', removed: 'removedFromGroup' };

const faultsOf = (folder: string): unknown =>
  JSON.parse(execFileSync(process.execPath, [program, folder], { encoding: 'utf8' }));

let copy: Copy;
beforeEach(() => {
  copy = copyPackage();
});
afterEach(() => copy.dispose());

describe('patch of ts-mls', () => {
  it('is applied to what is installed: joins, forward secrecy and removal are as RFC 9420 says', () => {
    expect(faultsOf(copy.folder)).toEqual(MENDED);
  });

  it('mends three faults of what was published', () => {
    applyPatches('--reverse', '--package', copy.folder);
    expect(faultsOf(copy.folder)).toEqual({
      join: 'non-blank intermediate node must list leaf node in its unmerged_leaves',
      skipped: 'opens what was read',
      removed: expect.stringContaining('No overlap between provided private keys and update path'),
    });
    applyPatches('--package', copy.folder);
    applyPatches('--package', copy.folder);
    expect(faultsOf(copy.folder)).toEqual(MENDED);
  });

  it('refuses files that are neither published nor patched, and says what to do', () => {
    appendFileSync(join(copy.folder, 'dist/src/secretTree.js'), '// changed');
    expect(() => applyPatches('--package', copy.folder)).toThrow(/Remove node_modules and run `npm ci`/);
  });

  it('does nothing where ts-mls is not installed', () => {
    rmSync(copy.folder, { recursive: true });
    expect(() => applyPatches('--package', copy.folder)).not.toThrow();
  });
});
