/** Checks of the server's `doctor` about its store and its admin port. */
import { existsSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError } from '@sealane/shared/errors';
import { portCheck, showBytes, type Check, type CheckResult } from '@sealane/node/cli';
import { ADMIN_HOST, ADMIN_PORT_FILE } from '../admin/index.ts';
import { DISK_FLOOR_BYTES } from '../store/index.ts';
import { AdminClient } from './admin-client.ts';

/** Below the floor producers are refused; a little above it they soon will be. */
export function diskFloorCheck(directory: string, freeBytesOf: (path: string) => number = freeBytes): Check {
  return {
    name: 'disk floor',
    run(): CheckResult {
      const free = freeBytesOf(nearestExisting(directory));
      const detail = `${showBytes(free)} free, events are taken from ${showBytes(DISK_FLOOR_BYTES)} on`;
      const fix = 'Make room, or put the store on another disk with --store sqlite:PATH.';
      if (free < DISK_FLOOR_BYTES) return { status: 'fail', detail, fix };
      return free < 2 * DISK_FLOOR_BYTES ? { status: 'warn', detail, fix } : { status: 'ok', detail };
    },
  };
}

/** Receipts are durable only where Redis writes before it answers. */
export function redisCheck(url: string): Check {
  return {
    name: 'redis',
    async run(): Promise<CheckResult> {
      const { CONFIG_FORBIDDEN, lookAtRedis } = await import('../store/redis/index.ts');
      let weak: readonly string[];
      try {
        weak = await lookAtRedis(url);
      } catch (error) {
        if (error instanceof ConfigError)
          return { status: 'fail', detail: error.message, fix: 'Use Redis 7 or newer.' };
        // Its message may hold the address with a password.
        const fix = 'Check --store, and that Redis runs and lets this machine in.';
        return { status: 'fail', detail: 'does not answer, or refuses this user', fix };
      }
      if (weak.length === 0) return { status: 'ok', detail: 'answers, and writes before it answers' };
      if (weak.includes(CONFIG_FORBIDDEN)) {
        const fix =
          'Let its user run CONFIG GET (ACL SETUSER … +config|get), or look yourself that it writes before it answers.';
        return { status: 'warn', detail: 'receipts are relaxed: its settings cannot be read', fix };
      }
      return {
        status: 'warn',
        detail: `receipts are relaxed: ${weak.join(', ')}`,
        fix: 'Set appendonly yes, appendfsync always, no-appendfsync-on-rewrite no, maxmemory-policy noeviction.',
      };
    },
  };
}

/** The admin port answers where a server runs; else it is free, or another one will be taken. */
export function adminPortCheck(
  directory: string,
  { port, isDefault }: { readonly port: number | 'off'; readonly isDefault: boolean },
): Check {
  return {
    name: 'admin port',
    async run(): Promise<CheckResult> {
      if (existsSync(join(directory, ADMIN_PORT_FILE))) {
        await new AdminClient(directory).ask('GET', '/v1/status');
        return { status: 'ok', detail: 'the running server answers' };
      }
      if (port === 'off') return { status: 'ok', detail: 'off' };
      const result = await portCheck(ADMIN_HOST, port).run();
      if (result.status !== 'fail' || !isDefault) return result;
      return { status: 'warn', detail: `${result.detail}; a free one is taken`, fix: 'Choose another --admin-port.' };
    },
  };
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

function nearestExisting(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : nearestExisting(dirname(path));
}
