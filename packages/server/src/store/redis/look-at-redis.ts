/** Looks at a Redis without becoming one of its nodes: what `doctor` wants to know. */
import { createClient } from 'redis';
import { faultOf, type SendCommand } from './redis-connection.ts';
import { checkRedisVersion, findWeakSettings } from './redis-settings.ts';

const CONNECT_TIMEOUT_MS = 2_000;

/**
 * What weakens its durability, as `findWeakSettings` says it; empty where receipts may say `durable`.
 *
 * @throws ConfigError for a Redis that is too old, Error where it cannot be reached or refuses this user.
 */
export async function lookAtRedis(url: string): Promise<readonly string[]> {
  const socket = { connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: false } as const;
  const client = createClient({ url, RESP: 3, socket, disableClientInfo: true, maintNotifications: 'disabled' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const send: SendCommand = async (args) => {
      try {
        return await client.sendCommand([...args]);
      } catch (error) {
        throw faultOf(error);
      }
    };
    checkRedisVersion(String(await send(['INFO', 'server'])));
    return await findWeakSettings(send);
  } finally {
    client.destroy();
  }
}
