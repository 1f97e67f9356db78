/** One look whether anything listens, before thousands of agents try it again and again. */
import type { Address } from '@sealane/node/config';
import { connectTcp } from '@sealane/node/transport';

const CONNECT_MS_MAX = 5_000;

/** @throws TransportError that says what is wrong. */
export async function checkReachable({ host, port }: Address): Promise<void> {
  const socket = await connectTcp({ host, port, timeoutMs: CONNECT_MS_MAX, onBytes: () => undefined });
  socket.destroy();
}
