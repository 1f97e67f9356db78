/**
 * Backup: a copy of everything a server needs to go on elsewhere: the files of its data directory and its store. Whoever has
 * it is the server, so it is as private as the data directory.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { explained } from '@sealane/node/config';
import { syncDirectory } from '@sealane/node/keys';
import { ConfigError, StorageError } from '@sealane/shared/errors';
import { restoreBackup, type Store } from '../store/index.ts';
import { STORE_FILE } from './create-store.ts';

/** Names of what belongs to one run, or is copied by the store itself. */
const LEFT_OUT = /^(lock|admin-port|events\.db.*|\..*|.*\.tmp|.*\.stale)$/;
const DIRECTORY_MODE = 0o700;

/** @throws ConfigError `E_CONFIG` where the destination is there already, StorageError when the disk refuses. */
export async function backUp(
  source: { readonly directory: string; readonly store: Store },
  destination: string,
): Promise<void> {
  makeDirectory(destination);
  try {
    copyFiles(source.directory, destination);
    if (source.store.kind === 'sqlite') await source.store.backup(join(destination, STORE_FILE));
    syncDirectory(destination);
  } catch (error) {
    rmSync(destination, { recursive: true, force: true });
    throw error;
  }
}

/** Puts a backup in the place of a data directory, which must not be there. @throws as `backUp`. */
export function restore(source: string, directory: string): void {
  if (!existsSync(join(source, 'identity.key'))) {
    const error = new ConfigError('E_DATA', `${source} is no backup of a server`);
    throw explained(error, { next: 'Name a directory that `sealane-server backup` has made.' });
  }
  makeDirectory(directory);
  try {
    copyFiles(source, directory);
    const stored = join(source, STORE_FILE);
    if (existsSync(stored)) restoreBackup(stored, join(directory, STORE_FILE));
    syncDirectory(directory);
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

function copyFiles(from: string, to: string): void {
  try {
    for (const entry of readdirSync(from, { withFileTypes: true })) {
      if (LEFT_OUT.test(entry.name)) continue;
      const [source, destination] = [join(from, entry.name), join(to, entry.name)];
      if (entry.isDirectory()) cpSync(source, destination, { recursive: true });
      else if (entry.isFile()) copyFileSync(source, destination);
    }
  } catch (cause) {
    throw new StorageError('E_STORAGE', `Cannot copy ${from}`, { cause });
  }
}

function makeDirectory(directory: string): void {
  try {
    if (existsSync(directory) && readdirSync(directory).length > 0) {
      const error = new ConfigError('E_CONFIG', `${directory} is there already`);
      throw explained(error, { next: 'Choose a directory that is not there, or move this one away first.' });
    }
    mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE });
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new StorageError('E_STORAGE', `Cannot make ${directory}`, { cause });
  }
}
