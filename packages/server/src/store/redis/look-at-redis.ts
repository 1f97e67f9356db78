/** Looks at a Redis without becoming one of its nodes: what `doctor` wants to know. */
import { createClient } from 'redis';
import { findWeakSettings } from './redis-settings.ts';

const CONNECT_TIMEOUT_MS = 2_000;

/** What weakens its durability; empty where receipts may say `durable`. @throws Error where it cannot be reached. */
export async function lookAtRedis(url: string): Promise<readonly string[]> {
  const socket = { connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: false } as const;
  const client = createClient({ url, RESP: 3, socket, disableClientInfo: true, maintNotifications: 'disabled' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await findWeakSettings((args) => client.sendCommand([...args]));
  } finally {
    client.destroy();
  }
}
