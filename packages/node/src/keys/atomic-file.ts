/** Files that are either old or new, never half: written beside their place, synced, then renamed over it. */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { StorageError } from '@sealane/shared/errors';
import { explained } from '../config/index.ts';

/** Mode of files that only their owner may read. */
export const PRIVATE_FILE_MODE = 0o600;

/**
 * Writes a file so that it survives power loss whole: data synced, renamed, directory synced.
 *
 * @param options.exclusive refuses to replace a file that is there.
 * @returns false where `exclusive` found a file.
 * @throws StorageError `E_STORAGE` or `E_DISK_FULL`; no half file is left.
 */
export function writeFileAtomic(
  file: string,
  content: string | Uint8Array,
  options: { readonly exclusive?: boolean } = {},
): boolean {
  const directory = dirname(file);
  const temporary = join(directory, `.${basename(file)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    writeSynced(temporary, content);
    if (options.exclusive) linkSync(temporary, file);
    else renameSync(temporary, file);
    syncDirectory(directory);
    return true;
  } catch (error) {
    if (options.exclusive && codeOf(error) === 'EEXIST') return false;
    throw storageError(`Cannot write ${file}`, error);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Makes creations, renames and removals in a directory last. */
export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** An error of the system as a StorageError with a hint. */
export function storageError(what: string, cause: unknown): StorageError {
  const code = codeOf(cause);
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  const error = new StorageError(full ? 'E_DISK_FULL' : 'E_STORAGE', `${what}: ${code}`, { cause });
  return full ? error : explained(error, { next: 'Check the permissions, the owner and the health of the disk.' });
}

/** The code of a system error, `unknown error` for anything else. */
export function codeOf(error: unknown): string {
  // Not `instanceof Error`: system errors come from another realm than code that runs in a vm context.
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown error';
}

function writeSynced(file: string, content: string | Uint8Array): void {
  const descriptor = openSync(file, 'wx', PRIVATE_FILE_MODE);
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
    for (let offset = 0; offset < bytes.length;) offset += writeSync(descriptor, bytes, offset);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
