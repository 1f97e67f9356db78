/**
 * SourceCopy: the sources of the workspace in a folder of their own, in which bugs are planted. Dependencies are those of the
 * workspace, by links; packages of the workspace are those of the copy.
 */
import { execFileSync } from 'node:child_process';
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

  /** @param ref a commit; undefined for the work tree as it is. */
  static make(ref: string | undefined): SourceCopy {
    const copy = new SourceCopy(mkdtempSync(join(tmpdir(), 'sealane-planted-')));
    // Some tests run programs as another user.
    chmodSync(copy.folder, 0o755);
    if (ref === undefined) copy.#copyWorkTree();
    else copy.#extract(ref);
    linkModules('.', copy.folder);
    for (const name of readdirSync(join(copy.folder, 'packages'))) {
      const own = join('packages', name);
      if (existsSync(join(own, 'node_modules'))) linkModules(own, join(copy.folder, own));
    }
    return copy;
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
