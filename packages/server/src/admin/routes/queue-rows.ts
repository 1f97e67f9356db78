/** The queues of an agent as the admin API shows them. */
import type { Page, PageRequest, QueueInfo, QueueSpec, Store } from '../../store/index.ts';

export interface QueueRow {
  readonly queue: string;
  /** Null for the queue of a group. */
  readonly agent: string | null;
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly settledTo: number;
  readonly nextSequence: number;
}

/** Those of one agent. */
export async function queueRows(store: Store, agentId: string): Promise<readonly QueueRow[]> {
  return (await store.queuesOf(agentId)).map(rowOf);
}

/** Those of groups, a page of them. */
export async function groupRows(store: Store, request: PageRequest): Promise<Page<QueueRow>> {
  const { items, next } = await store.groupQueues(request);
  return { items: items.map(rowOf), next };
}

function rowOf({ spec, waiting, waitingBytes, settledTo, nextSequence }: QueueInfo): QueueRow {
  const agent = spec.kind === 'group' ? null : spec.agentId;
  return { queue: queueName(spec), agent, waiting, waitingBytes, settledTo, nextSequence };
}

/** As dead letters name them. */
function queueName(spec: QueueSpec): string {
  if (spec.kind === 'agent') return `agent:${spec.agentId}`;
  return spec.kind === 'group' ? `group ${spec.group} ${spec.pattern}` : `${spec.agentId} ${spec.pattern}`;
}
