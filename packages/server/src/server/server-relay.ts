/** Requests from agent to agent, as a server passes them on: here, and to the other nodes of its store. */
import type { Logger } from '@sealane/node/log';
import type { ServerLimits } from '../config/index.ts';
import type { AgentConnection } from '../connection/index.ts';
import type { Delivery } from '../delivery/index.ts';
import { NodeRelay, Relay } from '../handlers/index.ts';
import type { NodeBus } from '../store/index.ts';
import type { MemoryBudgets } from './memory-budgets.ts';
import { systemEnvironment } from './server-delivery.ts';

export interface ServerRelayOptions {
  readonly limits: ServerLimits;
  readonly budgets: MemoryBudgets;
  /** The connection of an instance, by default `main`; undefined while it is not connected. */
  readonly find: (agentId: string, instance?: string) => AgentConnection | undefined;
}

/** The relay of a server. @param options.elsewhere the way to other nodes, once there is one. */
export function createRelay(options: ServerRelayOptions & { readonly elsewhere: () => NodeRelay | undefined }): Relay {
  const { limits, find, elsewhere } = options;
  return new Relay({
    relaysPerConnectionMax: limits.relaysPerConnectionMax,
    unsentBytesMax: () => unsentBytesMax(options),
    channelTo: (agentId) => find(agentId)?.channel,
    channelOf: ({ agentId, instance }) => find(agentId, instance)?.channel,
    elsewhere,
  });
}

/** Begins to pass requests on between nodes. @returns undefined where there are no others. @throws StorageError. */
export async function startNodeRelay(
  options: ServerRelayOptions & {
    readonly bus: NodeBus | undefined;
    readonly delivery: Delivery;
    readonly wallClock: () => number;
    readonly log: Logger;
  },
): Promise<NodeRelay | undefined> {
  const { bus, delivery, limits, budgets, find, wallClock, log } = options;
  if (bus === undefined) return undefined;
  const relay = new NodeRelay({
    ...{ bus, limits, inbound: budgets.inbound, environment: systemEnvironment(wallClock) },
    nodeOf: async (agentId) => (await delivery.store.agentRecord(agentId)).node,
    channelTo: (agentId) => find(agentId)?.channel,
    unsentBytesMax: () => unsentBytesMax(options),
    onFault: (error) => log.error('a message of another node met a fault', { error }),
  });
  await relay.open();
  return relay;
}

/** A slow agent is cut at so many bytes; before that nothing is passed on to it any more. */
function unsentBytesMax({ limits: { session }, budgets: { backlog } }: ServerRelayOptions): number {
  return backlog.connectionBytesMax * (session.outboundBytesMax / session.outboundHighWaterBytes);
}
