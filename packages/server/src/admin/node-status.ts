/** NodeStatus: how one process is, in numbers; and the status of a server, which is made of one of them or of several. */
import type * as z from 'zod/mini';
import { version } from '@sealane/node/cli';
import type { Server } from '../server/index.ts';
import type { ProcessState } from './process-state.ts';
import type * as schemas from './schemas.ts';

export type ServerStatus = z.infer<typeof schemas.status>;

/** What one process knows. */
export interface NodeStatus extends Pick<ServerStatus, 'fingerprint' | 'store' | 'events' | 'bytesIn' | 'bytesOut'> {
  readonly connections: number;
  /** Agents that are connected to it. */
  readonly agentIds: readonly string[];
}

export function nodeStatusOf(server: Server): NodeStatus {
  const { events, bytesIn, bytesOut } = server.counters();
  const { delivery } = server;
  const { queues, waiting, deadLetters, bytes, freeDiskBytes } = delivery.store.figures();
  const { status, reasons, durability } = delivery.health;
  const { published, refused, delivered, redelivered, acked, deadLettered } = events;
  const agents = server.agents();
  return {
    fingerprint: server.fingerprint,
    connections: agents.length,
    agentIds: [...new Set(agents.map(({ agentId }) => agentId))],
    store: {
      ...{ kind: delivery.store.kind, status, reasons: [...reasons], durability },
      ...{ queues, waiting, deadLetters, bytes, freeDiskBytes: freeDiskBytes ?? null },
    },
    events: {
      ...{
        stored: published.stored,
        duplicates: published.duplicates,
        refused: sumOf(refused),
        delivered,
        redelivered,
      },
      ...{ acked, deadLettered: sumOf(deadLettered) },
    },
    bytesIn,
    bytesOut,
  };
}

/** @param nodes of the processes that answered, at least one. */
export function serverStatus(
  nodes: readonly [NodeStatus, ...NodeStatus[]],
  about: { readonly draining: boolean; readonly processes: readonly ProcessState[] },
): ServerStatus {
  const [first] = nodes;
  const worst = nodes.find(({ store }) => store.status !== 'ready') ?? first;
  const sum = (read: (node: NodeStatus) => number): number => nodes.reduce((total, node) => total + read(node), 0);
  const events = Object.keys(first.events) as (keyof NodeStatus['events'])[];
  return {
    version,
    fingerprint: first.fingerprint,
    pid: process.pid,
    uptimeSeconds: Math.round(process.uptime()),
    draining: about.draining,
    store: worst.store,
    agents: {
      online: new Set(nodes.flatMap(({ agentIds }) => agentIds)).size,
      connections: sum(({ connections }) => connections),
    },
    events: Object.fromEntries(events.map((name) => [name, sum((node) => node.events[name])])) as NodeStatus['events'],
    bytesIn: sum(({ bytesIn }) => bytesIn),
    bytesOut: sum(({ bytesOut }) => bytesOut),
    processes: about.processes.map(({ pid, ...rest }) => ({ ...rest, pid: pid ?? null })),
  };
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
