/**
 * AgentQueues: whose queue of direct events is open. The store keeps events for agents that it knows; which agents there are
 * the registry knows. So the queue of an agent is opened before the first event for it is stored.
 */
import type { Store } from '../store/index.ts';

export class AgentQueues {
  readonly #store: Store;
  readonly #open = new Set<string>();

  constructor(store: Store) {
    this.#store = store;
  }

  isOpen(agentId: string): boolean {
    return this.#open.has(agentId);
  }

  /** Opens the queues of these agents. What the store does not do now, it refuses events for. */
  async open(agentIds: readonly string[]): Promise<void> {
    await Promise.allSettled(
      agentIds.map(async (agentId) => {
        await this.#store.openQueue({ kind: 'agent', agentId });
        this.#open.add(agentId);
      }),
    );
  }

  /** The store has no such queue any more. */
  forget(agentId: string): void {
    this.#open.delete(agentId);
  }
}
