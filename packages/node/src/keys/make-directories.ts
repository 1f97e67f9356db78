/**
 * Makes a directory and those above it, one by one. Not `mkdir` of Node with `recursive`: where a file system takes no
 * directories, as /proc, that tries for ever and cannot be interrupted.
 */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StorageError } from '@sealane/shared/errors';
import { explained } from '../config/index.ts';
import { codeOf } from './atomic-file.ts';

/**
 * Makes what is missing of a path of directories; what is there stays as it is.
 *
 * @param mode permission bits of each new one, less those of the umask.
 * @param made gets each new one, the outermost first, also where a later one fails.
 * @throws StorageError `E_STORAGE` where the file system takes no directories; other errors of the system as they are.
 */
export function makeDirectories(directory: string, mode = 0o777, made: string[] = []): void {
  const path = resolve(directory);
  if (isDirectory(path)) return;
  const parent = dirname(path);
  // A file there is named by what fails below it.
  if (!existsSync(parent)) makeDirectories(parent, mode, made);
  try {
    mkdirSync(path, { mode });
    made.push(path);
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
