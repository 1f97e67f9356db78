/** The data directory: created for its owner alone, refused where others could write into it (fault S8). */
import { accessSync, constants, statSync, type Stats } from 'node:fs';
import { ConfigError, StorageError } from '@sealane/shared/errors';
import { explained } from '../config/index.ts';
import { codeOf, storageError } from './atomic-file.ts';
import { makeDirectories } from './make-directories.ts';

const PRIVATE_DIRECTORY_MODE = 0o700;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Creates the directory where it is missing, and checks it.
 *
 * @throws ConfigError `E_CONFIG` for a file in its place, another owner, or a mode that lets others write.
 * @throws StorageError `E_STORAGE` when it cannot be created or written.
 */
export function openPrivateDirectory(directory: string): void {
  try {
    makeDirectories(directory, PRIVATE_DIRECTORY_MODE);
  } catch (error) {
    if (error instanceof StorageError) throw error;
    if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOTDIR') throw notADirectory(directory);
    throw storageError(`Cannot create the data directory ${directory}`, error);
  }
  checkPrivateDirectory(directory);
  try {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw storageError(`Cannot write into the data directory ${directory}`, error);
  }
}

/** The checks alone, for commands that only read. @throws ConfigError as `openPrivateDirectory`. */
export function checkPrivateDirectory(directory: string): void {
  let stats: Stats;
  try {
    stats = statSync(directory);
  } catch (error) {
    throw storageError(`Cannot read the data directory ${directory}`, error);
  }
  if (!stats.isDirectory()) throw notADirectory(directory);
  refuseForeignOwner(directory, stats);
  if (process.platform !== 'win32' && (stats.mode & WRITABLE_BY_OTHERS) !== 0) {
    const message = `Others can write into the data directory ${directory} (mode ${showMode(stats)})`;
    throw explained(new ConfigError('E_CONFIG', message), { next: `Run: chmod 700 ${directory}` });
  }
}

/** @throws ConfigError `E_CONFIG` when the file or directory belongs to another user. */
export function refuseForeignOwner(path: string, stats: Stats): void {
  const own = process.getuid?.();
  if (own === undefined || stats.uid === own) return;
  const message = `${path} belongs to user ${stats.uid}, this process runs as user ${own}`;
  throw explained(new ConfigError('E_CONFIG', message), {
    next: `Run as user ${stats.uid}, or run: chown -R ${own} ${path}`,
  });
}

/** The permission bits in octal, four digits. */
export function showMode(stats: Stats): string {
  return (stats.mode & 0o7777).toString(8).padStart(4, '0');
}

function notADirectory(directory: string): ConfigError {
  const error = new ConfigError('E_CONFIG', `The data directory ${directory} is not a directory`);
  return explained(error, { next: 'Choose another --data-dir.' });
}
