/**
 * Whether the acks of this Redis are durable (M4): `appendonly yes`, `appendfsync always`, `no-appendfsync-on-rewrite no`,
 * `maxmemory-policy noeviction`. Where one is otherwise, or CONFIG is forbidden, receipts say relaxed.
 */
import { ConfigError } from '@sealane/shared/errors';
import { explained } from '@sealane/node/config';
import { RedisFault } from './redis-fault.ts';
import type { SendCommand } from './redis-connection.ts';

/** Stands for the settings where nobody may read them. */
export const CONFIG_FORBIDDEN = 'config-forbidden';

const VERSION_MIN = 7;
const WANTED = {
  appendonly: 'yes',
  appendfsync: 'always',
  'no-appendfsync-on-rewrite': 'no',
  'maxmemory-policy': 'noeviction',
} as const;

/** What is not as it has to be: empty when acks are durable, `CONFIG_FORBIDDEN` when nobody can tell. */
export async function findWeakSettings(send: SendCommand): Promise<readonly string[]> {
  let reply: unknown;
  try {
    reply = await send(['CONFIG', 'GET', ...Object.keys(WANTED)]);
  } catch (error) {
    // Only a refusal of this command says so; an outage is no answer.
    if (error instanceof RedisFault && (error.reason === 'redis-auth' || error.reason === 'redis-error')) {
      return [CONFIG_FORBIDDEN];
    }
    throw error;
  }
  const found = reply as Readonly<Record<string, string>>;
  return Object.entries(WANTED)
    .filter(([name, value]) => found[name] !== value)
    .map(([name]) => name);
}

/** @param info what `INFO server` said. @throws ConfigError for a Redis that is too old. */
export function checkRedisVersion(info: string): void {
  const version = /redis_version:(\d+)\.(\S+)/.exec(info);
  if (version === null || Number(version[1]) >= VERSION_MIN) return;
  throw explained(new ConfigError('E_CONFIG', `This is Redis ${version[1]}.${version[2]}, too old for a store`), {
    next: `Use Redis ${VERSION_MIN} or newer.`,
  });
}
