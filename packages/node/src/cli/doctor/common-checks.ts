/** The checks that server and agent share. What they look at is a parameter, so that tests can show them worse times. */
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  isKeyFileProtected,
  lockHolder,
  openPrivateDirectory,
  readKeyFileFingerprint,
  type KeyKind,
} from '../../keys/index.ts';
import { showBytes } from '../progress.ts';
import type { Check, CheckResult } from './check.ts';

/** Oldest major version that starts, and the newest known to be supported when this was written. */
const NODE_MAJOR_MIN = 24;
const DISK_FAIL_BYTES = 64 * 2 ** 20;
const DISK_WARN_BYTES = 512 * 2 ** 20;
const FSYNC_SAMPLES = 8;
const FSYNC_WARN_MS = 50;
/** Day on which this was written: no clock may be before it. */
const CLOCK_MIN_MS = Date.UTC(2026, 0, 1);
const CLOCK_MAX_MS = Date.UTC(2056, 0, 1);

/** Fault O7: too old fails; odd (never long-term supported) warns. */
export function nodeVersionCheck(nodeVersion: string = process.versions.node): Check {
  return {
    name: 'Node.js version',
    run() {
      const major = Number(nodeVersion.split('.')[0]);
      const fix = `Install Node.js ${NODE_MAJOR_MIN} or newer.`;
      if (!(major >= NODE_MAJOR_MIN)) return { status: 'fail', detail: `${nodeVersion} is too old`, fix };
      if (major % 2 === 0) return { status: 'ok', detail: nodeVersion };
      return { status: 'warn', detail: `${nodeVersion} gets no long-term support`, fix: 'Use an even major version.' };
    },
  };
}

/** Exists or can be made, is ours, private and writable (fault S8). */
export function dataDirectoryCheck(directory: string): Check {
  return {
    name: 'data directory',
    run() {
      if (!exists(directory)) return { status: 'ok', detail: `${directory} will be made at the first start` };
      openPrivateDirectory(directory);
      const holder = lockHolder(directory);
      return { status: 'ok', detail: holder === undefined ? directory : `${directory}, in use by process ${holder}` };
    },
  };
}

/** How a key gets under a passphrase. */
const PROTECTIONS = {
  server: 'Run key rotate with the same --passphrase-file: the new key is protected.',
  agent: 'Begin with the passphrase in a new data directory, or leave it out.',
} as const;

/** The key file has mode 0600, our owner and a readable format (faults S6, S8), and a given passphrase protects it. */
export function keyFileCheck(
  file: string,
  { kind, passphrase }: { readonly kind: KeyKind; readonly passphrase?: string | undefined },
): Check {
  return {
    name: 'key file',
    run() {
      if (!exists(file)) return { status: 'ok', detail: `${file} will be made at the first start` };
      const detail = `${file}, ${readKeyFileFingerprint(file, kind)}`;
      if (passphrase === undefined || isKeyFileProtected(file, kind)) return { status: 'ok', detail };
      const detailOfIdle = `${file} is not protected by a passphrase, though one is given`;
      return { status: 'warn', detail: detailOfIdle, fix: PROTECTIONS[kind] };
    },
  };
}

/** Free space above the floor. @param freeBytesOf bytes free for us at a path; by default the system's answer. */
export function diskSpaceCheck(directory: string, freeBytesOf: (path: string) => number = freeBytes): Check {
  return {
    name: 'disk space',
    run() {
      const free = freeBytesOf(nearestExisting(directory));
      const detail = `${showBytes(free)} free`;
      const fix = `Make room: at least ${showBytes(DISK_WARN_BYTES)} should be free.`;
      if (free < DISK_FAIL_BYTES) return { status: 'fail', detail, fix };
      return free < DISK_WARN_BYTES ? { status: 'warn', detail, fix } : { status: 'ok', detail };
    },
  };
}

/** How long the disk takes to make 4 KiB last, median of a few; every durable message waits for that. */
export function fsyncCheck(directory: string): Check {
  return {
    name: 'disk sync',
    run() {
      if (!exists(directory)) return { status: 'ok', detail: 'not measured: there is no data directory yet' };
      const medianMs = measureFsyncMs(directory);
      const detail = `${medianMs.toFixed(1)} ms`;
      const fix = 'Put the data directory on a faster disk.';
      return medianMs > FSYNC_WARN_MS ? { status: 'warn', detail, fix } : { status: 'ok', detail };
    },
  };
}

/** The wall clock is in a year that can be; only display and expiry depend on it. */
export function clockCheck(wallClock: () => number = Date.now): Check {
  return {
    name: 'clock',
    run() {
      const nowMs = wallClock();
      const detail = new Date(nowMs).toISOString();
      if (nowMs >= CLOCK_MIN_MS && nowMs < CLOCK_MAX_MS) return { status: 'ok', detail };
      return {
        status: 'fail',
        detail: `${detail} cannot be right`,
        fix: 'Set the clock, or start a time service (NTP).',
      };
    },
  };
}

/** Nobody listens on the port yet. */
export function portCheck(host: string, port: number): Check {
  return {
    name: `port ${port}`,
    run: () =>
      new Promise<CheckResult>((resolve) => {
        const server = createServer();
        server.once('error', (error) => {
          const code = 'code' in error ? String(error.code) : error.message;
          const busy = code === 'EADDRINUSE';
          const fix = busy ? 'End the other program, or choose another --port.' : 'Choose another --host or --port.';
          resolve({ status: 'fail', detail: busy ? `busy on ${host}` : `${code} on ${host}`, fix });
        });
        server.listen({ host, port, exclusive: true }, () => {
          server.close(() => resolve({ status: 'ok', detail: `free on ${host}` }));
        });
      }),
  };
}

function measureFsyncMs(directory: string): number {
  const file = join(directory, `.doctor.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    const block = new Uint8Array(4_096);
    const samples = Array.from({ length: FSYNC_SAMPLES }, () => {
      const startMs = performance.now();
      writeSync(descriptor, block);
      fsyncSync(descriptor);
      return performance.now() - startMs;
    }).sort((left, right) => left - right);
    return samples[FSYNC_SAMPLES / 2] ?? 0;
  } finally {
    closeSync(descriptor);
    rmSync(file, { force: true });
  }
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

function nearestExisting(path: string): string {
  return exists(path) || path === join(path, '..') ? path : nearestExisting(join(path, '..'));
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
