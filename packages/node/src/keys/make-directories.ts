/**
 * Makes a directory and those above it, one by one. Not `mkdir` of Node with `recursive`: where a file system takes no
 * directories, as /proc, that tries for ever and cannot be interrupted.
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StorageError } from '@sealane/shared/errors';
import { explained } from '../config/index.ts';
import { codeOf } from './atomic-file.ts';

/**
 * Makes what is missing of a path of directories; what is there stays as it is.
 *
 * @param mode permission bits of each new one, less those of the umask.
 * @throws StorageError `E_STORAGE` where the file system takes no directories; other errors of the system as they are.
 */
export function makeDirectories(directory: string, mode: number): void {
  const path = resolve(directory);
  if (isDirectory(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeDirectories(parent, mode);
  try {
    mkdirSync(path, { mode });
  } catch (cause) {
    // Another process may have made it meanwhile.
    if (codeOf(cause) === 'EEXIST' && isDirectory(path)) return;
    if (codeOf(cause) !== 'ENOENT' || !isDirectory(parent)) throw cause;
    const error = new StorageError('E_STORAGE', `Cannot make ${path}: there can be no new directories in ${parent}`, {
      cause,
    });
    throw explained(error, { next: 'Choose another directory.' });
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
