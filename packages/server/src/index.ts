/**
 * The Sealane server as a library.
 *
 * @example
 * import { createServer } from '@sealane/server';
 *
 * const server = createServer({ dataDirectory: './data', port: 0 });
 * server.handle('greet', (request, { peer }) => `Hello ${peer.agentId}, you said ${request.text()}`);
 * const { port, fingerprint } = await server.listen();
 */
import type { ServerOptions } from './config/index.ts';
import { Server } from './server/index.ts';

export { version } from '@sealane/node/cli';
export type { EnrolmentPolicy, LimitPreset, ServerLimits, ServerOptions } from './config/index.ts';
export type { AgentPeer } from './handlers/index.ts';
export type {
  DisconnectReason,
  DrainOptions,
  EventCounters,
  Listening,
  PublishOptions,
  PublishReceipt,
  ReloadOptions,
  Server,
  ServerCounters,
  ServerEvents,
  ToInstance,
} from './server/index.ts';

/** Creates a server; `listen` starts it. */
export function createServer(options: ServerOptions): Server {
  return new Server(options);
}
