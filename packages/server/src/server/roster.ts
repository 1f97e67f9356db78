/** Roster: which agents are connected, by id and instance. One connection of each; a newer one takes over (fault T15). */
import type { AgentConnection } from '../connection/index.ts';

/** The instance that requests for an agent go to. */
export const MAIN_INSTANCE = 'main';

export class Roster {
  /** Most agents have one instance: a list is smaller than a map. */
  readonly #byAgent = new Map<string, AgentConnection[]>();

  get agentCount(): number {
    return this.#byAgent.size;
  }

  /** Instances of an agent that are connected. */
  instanceCount(agentId: string): number {
    return this.#byAgent.get(agentId)?.length ?? 0;
  }

  find(agentId: string, instance: string): AgentConnection | undefined {
    return this.#byAgent.get(agentId)?.find(({ peer }) => peer.instance === instance);
  }

  /** Adds a connection. @returns the one of the same instance whose place it took. */
  add(connection: AgentConnection): AgentConnection | undefined {
    const { agentId, instance } = connection.peer;
    const connections = this.#byAgent.get(agentId);
    if (connections === undefined) {
      this.#byAgent.set(agentId, [connection]);
      return undefined;
    }
    const index = connections.findIndex(({ peer }) => peer.instance === instance);
    if (index < 0) {
      connections.push(connection);
      return undefined;
    }
    const [replaced] = connections.splice(index, 1, connection);
    return replaced;
  }

  /** Removes a connection; one whose place another took is gone already. */
  remove(connection: AgentConnection): void {
    const { agentId } = connection.peer;
    const connections = this.#byAgent.get(agentId);
    const index = connections?.indexOf(connection) ?? -1;
    if (connections === undefined || index < 0) return;
    connections.splice(index, 1);
    if (connections.length === 0) this.#byAgent.delete(agentId);
  }

  *[Symbol.iterator](): IterableIterator<AgentConnection> {
    for (const connections of this.#byAgent.values()) yield* connections;
  }
}
