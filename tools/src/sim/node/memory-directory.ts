/** MemoryDirectory: who is enrolled, on a disk of the world: safe as soon as it is written. Nobody is banned here. */
import type {
  AgentDirectory,
  AgentPage,
  AgentStanding,
  EnrolledAgent,
  Enrolment,
  EnrolmentTerms,
} from '@sealane/server/testing';

export class MemoryDirectory implements AgentDirectory {
  readonly #agents = new Map<string, EnrolledAgent>();

  standing(agentId: string): AgentStanding {
    return { agent: this.#agents.get(agentId), isBanned: false, durable: undefined };
  }

  isRedeemed(): boolean {
    return false;
  }

  enrol(agent: EnrolledAgent, { keyBefore }: EnrolmentTerms): Enrolment {
    if (this.#agents.get(agent.agentId)?.key !== keyBefore) return { outcome: 'taken', durable: undefined };
    this.#agents.set(agent.agentId, agent);
    return { outcome: 'enrolled', durable: undefined };
  }

  setBanned(): Promise<void> {
    return Promise.resolve();
  }

  forget(agentId: string): Promise<boolean> {
    return Promise.resolve(this.#agents.delete(agentId));
  }

  list(): Promise<AgentPage> {
    const items = [...this.#agents.values()].map((agent) => ({ ...agent, isBanned: false }));
    return Promise.resolve({ items, next: undefined });
  }
}
