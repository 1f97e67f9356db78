/** The published `ts-mls`, made from the mended one by taking the patch back, in a folder of its own. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const workspace = fileURLToPath(new URL('../../../../', import.meta.url));
const script = join(workspace, 'packages/e2ee/patches/apply-patches.js');

/** Runs the script of `postinstall` on a copy. */
export function applyPatches(...args: readonly string[]): void {
  execFileSync(process.execPath, [script, ...args], { stdio: 'pipe' });
}

export interface Copy {
  readonly folder: string;
  readonly dispose: () => void;
}

/** A copy of the installed package, next to a link to everything else that is installed. */
export function copyPackage(): Copy {
  const parent = mkdtempSync(join(tmpdir(), 'sealane-ts-mls-'));
  const folder = join(parent, 'ts-mls');
  cpSync(join(workspace, 'node_modules/ts-mls'), folder, { recursive: true });
  symlinkSync(join(workspace, 'node_modules'), join(parent, 'node_modules'));
  return {
    folder,
    dispose: () => rmSync(parent, { recursive: true }),
  };
}
