/**
 * SourceCopy: the sources of the workspace in a folder of their own, in which bugs are planted. Dependencies are those of the
 * workspace, by links; packages of the workspace are those of the copy.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const GIT_BYTES_MAX = 1_073_741_824;
const OWN_SCOPE = '@sealane';

export class SourceCopy {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** @param ref a commit; undefined for the work tree as it is. @throws Error, with nothing left behind. */
  static make(ref: string | undefined): SourceCopy {
    const copy = new SourceCopy(mkdtempSync(join(tmpdir(), 'sealane-planted-')));
    try {
      copy.#fill(ref);
      return copy;
    } catch (error) {
      copy.remove();
      throw error;
    }
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), 'utf8');
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #fill(ref: string | undefined): void {
    // Some tests run programs as another user.
    chmodSync(this.folder, 0o755);
    if (ref === undefined) this.#copyWorkTree();
    else this.#extract(ref);
    linkModules('.', this.folder);
    for (const name of readdirSync(join(this.folder, 'packages'))) {
      const own = join('packages', name);
      if (existsSync(join(own, 'node_modules'))) linkModules(own, join(this.folder, own));
    }
  }

  /** What git knows, and what it would take in. */
  #copyWorkTree(): void {
    const listed = git(['ls-files', '-z', '--cached', '--others', '--exclude-standard']).toString();
    for (const file of listed.split('\0')) {
      if (file === '' || !existsSync(file)) continue;
      mkdirSync(join(this.folder, dirname(file)), { recursive: true });
      cpSync(file, join(this.folder, file));
    }
  }

  #extract(ref: string): void {
    execFileSync('tar', ['-x', '-C', this.folder], { input: git(['archive', ref]) });
  }
}

/** The commit that a word stands for, in full. @throws TypeError for one that stands for none. */
export function commitOf(ref: string): string {
  // A word that begins with a dash is no option of git.
  const words = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`];
  const { status, stdout } = spawnSync('git', words, { encoding: 'utf8' });
  if (status !== 0) throw new TypeError(`--ref expected a commit, got "${ref}"`);
  return stdout.trim();
}

/** Links every module of a folder, but not the packages of the workspace, which the copy has itself. */
function linkModules(from: string, to: string): void {
  const modules = resolve(from, 'node_modules');
  const copied = join(to, 'node_modules');
  mkdirSync(join(copied, OWN_SCOPE), { recursive: true });
  for (const name of readdirSync(modules)) {
    if (name !== OWN_SCOPE && name !== '.cache') symlinkSync(join(modules, name), join(copied, name));
  }
  if (from !== '.') return;
  for (const name of readdirSync(join(modules, OWN_SCOPE))) {
    const own = name === 'tools' ? 'tools' : join('packages', name);
    symlinkSync(join(to, own), join(copied, OWN_SCOPE, name));
  }
}

function git(args: readonly string[]): Buffer {
  return execFileSync('git', args, { maxBuffer: GIT_BYTES_MAX });
}
