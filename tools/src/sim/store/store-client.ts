/** StoreClient: a node, as the store that several nodes share sees it. What it is told comes in a step of the node. */
import type { StoreHealth } from '@sealane/server/store';
import type { Process } from '../world/process.ts';

export interface StoreClient {
  readonly process: Process;
  onQueues(queueIds: readonly string[]): void;
  onAgentLost(agentId: string, instance: string): void;
  onHealth(status: StoreHealth['status']): void;
}
