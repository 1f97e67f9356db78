/** The queues of an agent as the admin API shows them. */
import type { QueueSpec, Store } from '../../store/index.ts';

export interface QueueRow {
  readonly queue: string;
  readonly agent: string;
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly settledTo: number;
  readonly nextSequence: number;
}

export async function queueRows(store: Store, agentId: string): Promise<readonly QueueRow[]> {
  const queues = await store.queuesOf(agentId);
  return queues.map(({ spec, waiting, waitingBytes, settledTo, nextSequence }) => {
    return { queue: queueName(spec), agent: agentId, waiting, waitingBytes, settledTo, nextSequence };
  });
}

/** As dead letters name them. */
function queueName(spec: QueueSpec): string {
  if (spec.kind === 'agent') return `agent:${spec.agentId}`;
  return spec.kind === 'group' ? `group ${spec.group} ${spec.pattern}` : `${spec.agentId} ${spec.pattern}`;
}
