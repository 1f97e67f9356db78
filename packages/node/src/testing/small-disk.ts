/** SmallDisk: disks for tests, mounted as root. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const IMAGE_BYTES = 200 * 2 ** 20;
/** ext4's shutdown ioctl: what is not on the disk gets there no more (EXT4_IOC_SHUTDOWN, without a flush). */
const SHUT_DOWN = `import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))`;

/** A disk of its own for a test, a tmpfs or ext4 in a file, that can fill up or lose its power. Mounting needs root. */
export class SmallDisk {
  readonly folder: string;

  private constructor(words: readonly string[], folder = mkdtempSync(join(tmpdir(), 'sealane-disk-'))) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    try {
      run('mount', [...words, this.folder]);
    } catch (error) {
      rmSync(this.folder, { recursive: true });
      throw error;
    }
  }

  /** @param size such as `320m`. */
  static tmpfs(size: string): SmallDisk {
    return new SmallDisk(['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs']);
  }

  /** @param image made with `makeImage`. @param folder where it was mounted before. */
  static image(image: string, folder?: string): SmallDisk {
    return new SmallDisk(['-o', 'loop', image], folder);
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  /** Takes space until only so much is free. @returns the file that takes it. */
  leaveFree(bytes: number, name: string): string {
    const file = join(this.folder, name);
    try {
      writeFileSync(file, Buffer.alloc(Math.max(0, this.freeBytes - bytes)));
    } catch (error) {
      // Others took some meanwhile: so it is full.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
    return file;
  }

  /** Only of an image: from now on every access fails, and nothing more gets onto the disk. */
  losePower(): void {
    run('python3', ['-c', SHUT_DOWN, this.folder]);
  }

  /** Nothing may use it any more. */
  remove(): void {
    run('umount', [this.folder]);
    rmSync(this.folder, { recursive: true });
  }
}

/** Whether this user, on this machine, can mount at all. */
export function canMount(): boolean {
  try {
    SmallDisk.tmpfs('1m').remove();
    return true;
  } catch {
    return false;
  }
}

/** Whether ext4 in a file can be mounted, and lose its power. */
export function canLosePower(): boolean {
  return canMount() && works('losetup', ['-f']) && works('python3', ['-V']) && works('mkfs.ext4', ['-V']);
}

/** An ext4 disk in a file. */
export function makeImage(bytes = IMAGE_BYTES): string {
  const image = join(mkdtempSync(join(tmpdir(), 'sealane-image-')), 'disk.img');
  writeFileSync(image, '');
  truncateSync(image, bytes);
  run('mkfs.ext4', ['-q', image]);
  return image;
}

/** Removes the folder that `makeImage` made, image included. */
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

function run(program: string, words: readonly string[]): void {
  execFileSync(program, words, { stdio: 'pipe' });
}
