/**
 * AgentQueues: whose queue of direct events is open. The store keeps events for agents that it knows; which agents there are
 * the registry knows. So the queue of an enrolled agent is opened before the first event for it is stored.
 */
import type { Store } from '../store/index.ts';

/** Whether an agent is enrolled. */
export type IsKnownAgent = (agentId: string) => boolean | Promise<boolean>;

/**
 * After an agent could not be looked up, no agent counts as unknown for so long: an event for one that is enrolled must not
 * be refused for good. Which ones were asked for is not remembered, since there may be any number.
 */
const DOUBT_MS = 60_000;

export class AgentQueues {
  readonly #store: Store;
  readonly #isKnown: IsKnownAgent;
  readonly #open = new Set<string>();
  readonly #now: () => number;
  /** When an agent could not be looked up last, or its queue not be opened. */
  #failedAt = Number.NEGATIVE_INFINITY;

  /** @param now monotonic ms. */
  constructor(store: Store, isKnown: IsKnownAgent, now: () => number) {
    this.#store = store;
    this.#isKnown = isKnown;
    this.#now = now;
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
    return wasOpen || this.#now() - this.#failedAt < DOUBT_MS;
  }

  async #openOne(agentId: string): Promise<void> {
    try {
      if (!(await this.#isKnown(agentId))) return;
      await this.#store.openQueue({ kind: 'agent', agentId });
      this.#open.add(agentId);
    } catch {
      this.#failedAt = this.#now();
    }
  }
}
