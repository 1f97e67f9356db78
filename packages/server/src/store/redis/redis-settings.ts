/**
 * Whether the acks of this Redis are durable (M4): `appendonly yes`, `appendfsync always`, `no-appendfsync-on-rewrite no`,
 * `maxmemory-policy noeviction`. Where one is otherwise, or CONFIG is forbidden, receipts say relaxed.
 */
import { RedisFault } from './redis-fault.ts';
import type { SendCommand } from './redis-connection.ts';

const WANTED = {
  appendonly: 'yes',
  appendfsync: 'always',
  'no-appendfsync-on-rewrite': 'no',
  'maxmemory-policy': 'noeviction',
} as const;

/** What is not as it has to be: empty when acks are durable, `config-forbidden` when nobody can tell. */
export async function findWeakSettings(send: SendCommand): Promise<readonly string[]> {
  let reply: unknown;
  try {
    reply = await send(['CONFIG', 'GET', ...Object.keys(WANTED)]);
  } catch (error) {
    // Only a refusal of this command says so; an outage is no answer.
    if (error instanceof RedisFault && (error.reason === 'redis-auth' || error.reason === 'redis-error')) {
      return ['config-forbidden'];
    }
    throw error;
  }
  const found = reply as Readonly<Record<string, string>>;
  return Object.entries(WANTED)
    .filter(([name, value]) => found[name] !== value)
    .map(([name]) => name);
}
