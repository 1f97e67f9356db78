/** Running: everything that exists while a server runs, and how that ends. */
import type { ListeningSocket } from '../config/index.ts';
import type { Delivery } from '../delivery/index.ts';
import type { NodeRelay } from '../handlers/index.ts';
import type { Messaging } from '../messaging/index.ts';
import type { Connections } from './connections.ts';
import type { DataDirectory } from './data-directory.ts';
import type { Evacuation } from './evacuation.ts';

export interface Running {
  readonly data: DataDirectory;
  readonly delivery: Delivery;
  readonly connections: Connections;
  /** Undefined on a store that several nodes share. */
  readonly messaging: Messaging | undefined;
  /** Undefined on a store of one process. */
  readonly nodeRelay: NodeRelay | undefined;
  readonly evacuation: Evacuation;
  readonly listener: ListeningSocket;
}

/** Ends everything at once: every connection is cut. */
export async function endRunning(running: Running): Promise<void> {
  running.connections.isDraining = true;
  running.listener.close();
  running.evacuation.stop();
  for (const connection of running.connections.live) connection.destroy();
  await stopParts(running);
}

/** Ends what was begun, in the order in which its parts need each other. */
export async function stopParts({
  messaging,
  nodeRelay,
  delivery,
  data,
}: Pick<Running, 'delivery' | 'data'> & Partial<Running>): Promise<void> {
  try {
    await messaging?.stop();
    await nodeRelay?.close();
    await delivery.stop();
  } finally {
    await data.close();
  }
}
