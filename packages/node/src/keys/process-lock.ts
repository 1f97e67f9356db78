/**
 * The lock that guards a data directory: a file with the PID of its holder (fault S7). A lock whose process is gone is
 * taken over; a process that merely has the same PID by reuse is told apart by its start time, where /proc has it.
 */
import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '@sealane/shared/errors';
import { explained } from '../config/index.ts';
import { codeOf, PRIVATE_FILE_MODE, storageError } from './atomic-file.ts';

/** A lock that is held. */
export interface ProcessLock {
  /** Gives the lock back; twice is harmless. */
  release(): void;
}

/** Name of the lock in the data directory. */
export const LOCK_FILE = 'lock';

const ATTEMPTS_MAX = 5;
/** After a takeover, how long another process that saw the same dead holder may still interfere. */
const TAKEOVER_SETTLE_MS = 50;

/**
 * Takes the lock of a data directory.
 *
 * @param options.file another name of the lock, where it guards a part of the directory alone.
 * @throws ConfigError `E_DATA_IN_USE` with the PID of the holder.
 * @throws StorageError when the disk refuses.
 */
export async function acquireProcessLock(
  directory: string,
  options: { readonly file?: string } = {},
): Promise<ProcessLock> {
  const file = join(directory, options.file ?? LOCK_FILE);
  const own = `${process.pid} ${startOf(process.pid) ?? '-'} ${randomBytes(8).toString('hex')}\n`;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    if (create(file, own)) return lockOver(file, own);
    const holder = read(file);
    if (holder === undefined) continue;
    if (isAlive(holder)) throw inUse(directory, holder);
    if (!removeStale(file, holder)) continue;
    if (!create(file, own)) continue;
    await sleep(TAKEOVER_SETTLE_MS);
    if (read(file) === own) return lockOver(file, own);
  }
  throw inUse(directory, read(file) ?? 'another process');
}

/** The PID that holds the lock of a directory, if a living process does. */
export function lockHolder(directory: string): number | undefined {
  const holder = read(join(directory, LOCK_FILE));
  return holder !== undefined && isAlive(holder) ? pidOf(holder) : undefined;
}

function lockOver(file: string, own: string): ProcessLock {
  return {
    release() {
      if (read(file) === own) rmSync(file, { force: true });
    },
  };
}

/** Appears with its content or not at all. */
function create(file: string, content: string): boolean {
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    writeFileSync(temporary, content, { flag: 'wx', mode: PRIVATE_FILE_MODE });
    linkSync(temporary, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw storageError(`Cannot lock the data directory with ${file}`, error);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Moves the stale lock aside; where another process was faster and the lock moved is a fresh one, puts it back. */
function removeStale(file: string, stale: string): boolean {
  const aside = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.stale`;
  try {
    renameSync(file, aside);
  } catch {
    return false;
  }
  const moved = read(aside);
  try {
    if (moved !== stale) linkSync(aside, file);
  } catch {
    // A third process has the lock by now.
  }
  unlinkSync(aside);
  return moved === stale;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw storageError(`Cannot read the lock ${file}`, error);
  }
}

/** A lock that names no process is the remains of a crash. */
function isAlive(holder: string): boolean {
  const pid = pidOf(holder);
  if (pid === undefined) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
  const recorded = holder.split(' ')[1];
  const current = startOf(pid);
  return recorded === undefined || recorded === '-' || current === undefined || recorded === current;
}

function pidOf(holder: string): number | undefined {
  const pid = Number(/^(\d{1,10})\b/.exec(holder)?.[1]);
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

/** Boot and start time of a process, where /proc has them: proc(5), field 22 of `stat`. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
    return `${boot}-${fields[19] ?? ''}`;
  } catch {
    return undefined;
  }
}

function inUse(directory: string, holder: string): ConfigError {
  const pid = pidOf(holder);
  const who = pid === undefined ? holder : `process ${pid}`;
  return explained(new ConfigError('E_DATA_IN_USE', `The data directory ${directory} is in use by ${who}`), {
    next: pid === undefined ? undefined : `End it first (kill ${pid}), or choose another --data-dir.`,
  });
}
