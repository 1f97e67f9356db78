/**
 * Backup: a copy of everything a server needs to go on elsewhere: the files of its data directory, its store and its messaging.
 * Whoever has it is the server, so it is as private as the data directory.
 *
 * Messaging comes first: a message that it still has to publish is published again, and one that is published already counts
 * once. Blobs come last: what messaging knew of is there, and what came later is swept.
 */
import { copyFileSync, cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { explained } from '@sealane/node/config';
import { makeDirectories, syncDirectory } from '@sealane/node/keys';
import { ConfigError, StorageError } from '@sealane/shared/errors';
import type { Messaging } from '../messaging/index.ts';
import { restoreBackup, type Store } from '../store/index.ts';
import { STORE_FILE } from './create-store.ts';
import { BLOB_DIRECTORY, MESSAGING_FILE } from './server-messaging.ts';

export interface BackupSource {
  readonly directory: string;
  readonly store: Store;
  readonly messaging: Pick<Messaging, 'backup'> | undefined;
}

/** Names of what belongs to one run, or is copied by those who write it. */
const LEFT_OUT = /^(lock|admin-port|events\.db.*|messaging\.db.*|blobs|\..*|.*\.tmp|.*\.stale)$/;
const DIRECTORY_MODE = 0o700;

/** @throws ConfigError `E_CONFIG` where the destination is there already, StorageError when the disk refuses. */
export async function backUp({ directory, store, messaging }: BackupSource, destination: string): Promise<void> {
  makeDirectory(destination);
  try {
    copyFiles(directory, destination);
    if (store.kind === 'sqlite') {
      await messaging?.backup(join(destination, MESSAGING_FILE));
      await store.backup(join(destination, STORE_FILE));
      await copyGrowing(join(directory, BLOB_DIRECTORY), join(destination, BLOB_DIRECTORY));
    }
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
    for (const name of [MESSAGING_FILE, BLOB_DIRECTORY]) copyEntry(join(source, name), join(directory, name));
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

/** Copies a file or a directory, where it is there. */
function copyEntry(from: string, to: string): void {
  try {
    if (existsSync(from)) cpSync(from, to, { recursive: true });
  } catch (cause) {
    throw new StorageError('E_STORAGE', `Cannot copy ${from}`, { cause });
  }
}

/** Copies a directory while files come, grow and go in it, and others go on. */
async function copyGrowing(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: DIRECTORY_MODE });
  for (const entry of await readdir(from, { withFileTypes: true }).catch(unlessMissing)) {
    const [source, destination] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyGrowing(source, destination);
    else if (entry.isFile()) await copyFile(source, destination).catch(unlessMissing);
  }
}

/** What is gone by now was not to be kept. @throws StorageError for other errors. */
function unlessMissing(cause: unknown): never[] {
  if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
  throw new StorageError('E_STORAGE', 'Cannot copy the blobs', { cause });
}

function makeDirectory(directory: string): void {
  try {
    if (existsSync(directory) && readdirSync(directory).length > 0) {
      const error = new ConfigError('E_CONFIG', `${directory} is there already`);
      throw explained(error, { next: 'Choose a directory that is not there, or move this one away first.' });
    }
    makeDirectories(directory, DIRECTORY_MODE);
  } catch (cause) {
    if (cause instanceof ConfigError || cause instanceof StorageError) throw cause;
    throw new StorageError('E_STORAGE', `Cannot make ${directory}`, { cause });
  }
}
