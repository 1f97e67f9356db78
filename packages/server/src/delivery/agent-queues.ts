/**
 * AgentQueues: whose queue of direct events is open. The store keeps events for agents that it knows; which agents there are
 * the registry knows. So the queue of an enrolled agent is opened before the first event for it is stored.
 */
import type { Store } from '../store/index.ts';

/** Whether an agent is enrolled. */
export type IsKnownAgent = (agentId: string) => boolean | Promise<boolean>;

export class AgentQueues {
  readonly #store: Store;
  readonly #isKnown: IsKnownAgent;
  readonly #open = new Set<string>();
  /** Agents that could not be looked up, or whose queue could not be opened, the last time. */
  readonly #failed = new Set<string>();

  constructor(store: Store, isKnown: IsKnownAgent) {
    this.#store = store;
    this.#isKnown = isKnown;
  }

  isOpen(agentId: string): boolean {
    return this.#open.has(agentId);
  }

  /** Opens the queues of those that are enrolled. For the others the store refuses events. */
  async open(agentIds: readonly string[]): Promise<void> {
    await Promise.all(agentIds.map((agentId) => this.#openOne(agentId)));
  }

  /** The store knew no queue of this agent. @returns whether that may be otherwise the next time. */
  reopen(agentId: string): boolean {
    const wasOpen = this.#open.delete(agentId);
    return this.#failed.delete(agentId) || wasOpen;
  }

  async #openOne(agentId: string): Promise<void> {
    try {
      if (!(await this.#isKnown(agentId))) return;
      await this.#store.openQueue({ kind: 'agent', agentId });
      this.#open.add(agentId);
    } catch {
      this.#failed.add(agentId);
    }
  }
}
