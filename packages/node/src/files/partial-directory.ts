/**
 * The private folder of unfinished files beside the finished ones: `.sealane-partial/KEY/{lock,content}`
 * (docs/protocols/files.md §5). The key is a hash over who sends and what, so that nobody reaches another's parts, and
 * no byte of a peer is part of a path.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, ProtocolError, SealaneError, StorageError } from '@sealane/shared/errors';
import { acquireProcessLock, lockHolder, type ProcessLock } from '../keys/index.ts';
import { storageFault, systemCode } from './file-faults.ts';
import { PartialFile } from './partial-file.ts';

/** Name of the folder. Names of files never start with a dot, so nobody can ask for it. */
export const PARTIAL_DIRECTORY = '.sealane-partial';

/** Whose unfinished file it is. */
export interface PartialOwner {
  /** Who it comes from, or goes to: an agent id on the server, the output's name at an agent. */
  readonly owner: string;
  readonly name: string;
}

const PRIVATE_DIRECTORY_MODE = 0o700;
const CONTENT_FILE = 'content';

export class PartialDirectory {
  readonly path: string;

  /** @param directory where the finished files are. */
  constructor(directory: string) {
    this.path = join(directory, PARTIAL_DIRECTORY);
  }

  /** The folder's name of one unfinished file: 64 hexadecimal digits. */
  keyOf({ owner, name }: PartialOwner): string {
    return createHash('sha256')
      .update(JSON.stringify([owner, name]))
      .digest('hex');
  }

  /**
   * Opens an unfinished file, empty where there is none, and keeps others away from it until it is closed.
   *
   * @param mode permission bits, less those of the umask.
   * @throws ProtocolError `E_FILE_BUSY` when another transfer, of this process or another, has it.
   * @throws StorageError when the disk refuses; ConfigError when the folder is not what it should be.
   */
  async open(key: string, mode: number): Promise<PartialFile> {
    const folder = join(this.path, key);
    try {
      await this.#makePrivate(this.path);
      await this.#makePrivate(folder);
      const lock = await lockFolder(folder);
      try {
        const file = join(folder, CONTENT_FILE);
        const { handle, sizeBytes } = await openContent(file, mode);
        return new PartialFile({
          handle,
          file,
          heldBytes: sizeBytes,
          release: (gone) => this.#release(folder, lock, gone),
        });
      } catch (error) {
        lock.release();
        throw error;
      }
    } catch (error) {
      throw storageFault('Cannot keep the unfinished file', error);
    }
  }

  /** Removes unfinished files that nobody touched for `ageMs`, by the wall clock. @returns how many. */
  async expire(ageMs: number): Promise<number> {
    let removed = 0;
    for (const key of await this.keys()) {
      const folder = join(this.path, key);
      const changedMs = await lastChangeMs(folder);
      if (changedMs === undefined || Date.now() - changedMs < ageMs || lockHolder(folder) !== undefined) continue;
      await rm(folder, { recursive: true, force: true });
      removed += 1;
    }
    return removed;
  }

  /** The keys of what is there. */
  async keys(): Promise<readonly string[]> {
    try {
      const entries = await readdir(this.path, { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  /** Bytes held under a key, 0 for nothing. */
  async heldBytes(key: string): Promise<number> {
    try {
      return (await lstat(join(this.path, key, CONTENT_FILE))).size;
    } catch {
      return 0;
    }
  }

  async #makePrivate(directory: string): Promise<void> {
    await mkdir(directory, { mode: PRIVATE_DIRECTORY_MODE }).catch((error: unknown) => {
      if (systemCode(error) !== 'EEXIST') throw error;
    });
    const stats = await lstat(directory);
    const isForeign = process.getuid !== undefined && stats.uid !== process.getuid();
    if (!stats.isDirectory() || isForeign || (process.platform !== 'win32' && (stats.mode & 0o077) !== 0))
      throw new StorageError(
        'E_STORAGE',
        `${directory} is not a private folder of this user (chmod 700, or remove it)`,
      );
  }

  /** Gives the lock back; where the content is gone, the folders go too, unless somebody else came. */
  async #release(folder: string, lock: ProcessLock, gone: boolean): Promise<void> {
    lock.release();
    if (!gone) return;
    for (const directory of [folder, this.path]) await rmdir(directory).catch(() => undefined);
  }
}

async function lockFolder(folder: string): Promise<ProcessLock> {
  try {
    return await acquireProcessLock(folder);
  } catch (error) {
    if (error instanceof ConfigError) throw new ProtocolError('E_FILE_BUSY', undefined, { cause: error });
    // Whoever had it before removed the emptied folder in this moment.
    const emptied = error instanceof SealaneError && systemCode(error.cause) === 'ENOENT';
    throw emptied ? new ProtocolError('E_FILE_BUSY', undefined, { cause: error }) : error;
  }
}

async function openContent(file: string, mode: number) {
  const flags = constants.O_RDWR | constants.O_NOFOLLOW;
  for (;;) {
    try {
      const handle = await open(file, flags);
      const { size, nlink } = await handle.stat();
      // After a crash between linking and removing, it is a second name of a finished file: leave that alone.
      if (nlink === 1) return { handle, sizeBytes: size };
      await handle.close();
      await rm(file, { force: true });
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
    try {
      return { handle: await open(file, flags | constants.O_CREAT | constants.O_EXCL, mode), sizeBytes: 0 };
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
  }
}

async function lastChangeMs(folder: string): Promise<number | undefined> {
  try {
    return (await stat(join(folder, CONTENT_FILE))).mtimeMs;
  } catch {
    return (await stat(folder).catch(() => undefined))?.mtimeMs;
  }
}
