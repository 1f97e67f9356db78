/** Small disks for tests of the store: a tmpfs, or ext4 in a file. Mounting needs root. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { StoreFolder } from './store-folder.ts';

/** A store's folder that is a disk of its own. */
export class MountedFolder extends StoreFolder {
  static tmpfs(size: string): MountedFolder {
    return MountedFolder.#mount(['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs']);
  }

  /** @param image made with `makeImage`. */
  static image(image: string): MountedFolder {
    return MountedFolder.#mount(['-o', 'loop', image]);
  }

  static #mount(words: readonly string[]): MountedFolder {
    const folder = mkdtempSync(join(tmpdir(), 'sealane-disk-'));
    try {
      run('mount', [...words, folder]);
    } catch (error) {
      rmSync(folder, { recursive: true });
      throw error;
    }
    return new MountedFolder(folder);
  }

  override async remove(): Promise<void> {
    await this.end();
    run('umount', [this.folder]);
    rmSync(this.folder, { recursive: true });
  }
}

/** Whether this user, on this machine, can mount at all. */
export async function canMount(): Promise<boolean> {
  try {
    await MountedFolder.tmpfs('1m').remove();
    return true;
  } catch {
    return false;
  }
}

/** An ext4 disk in a file. */
export function makeImage(bytes = 200 * 2 ** 20): string {
  const image = join(mkdtempSync(join(tmpdir(), 'sealane-image-')), 'disk.img');
  writeFileSync(image, '');
  truncateSync(image, bytes);
  run('mkfs.ext4', ['-q', image]);
  return image;
}

export function removeImage(image: string): void {
  rmSync(dirname(image), { recursive: true });
}

/** Whether a program is there and does what it is asked. */
export function works(program: string, words: readonly string[]): boolean {
  try {
    run(program, words);
    return true;
  } catch {
    return false;
  }
}

export function run(program: string, words: readonly string[]): void {
  execFileSync(program, words, { stdio: 'pipe' });
}
