/** ServedAgents: the agents that this node serves, each instance under its newest lease, and what others tell of them. */
import { ERRORS, type ErrorCode } from '@sealane/shared/errors';
import type { Lease } from '../store.ts';

/** Sessions of an agent that are to end. */
export interface SessionEnd {
  readonly agentId: string;
  /** Undefined for all. */
  readonly instance?: string | undefined;
  /** What the agent is told; without it the session is closed in order, and the agent may come back. */
  readonly code?: ErrorCode | undefined;
}

/** Who was served, and under which lease: one that came after it is not meant. */
export interface EndedClaim {
  readonly agentId: string;
  readonly instance: string;
  readonly epoch: number;
}

export class ServedAgents {
  readonly #leases = new Map<string, Lease>();

  note(agentId: string, instance: string, lease: Lease): void {
    this.#leases.set(keyOf(agentId, instance), lease);
  }

  forget(agentId: string, instance: string, { epoch }: Lease): void {
    const key = keyOf(agentId, instance);
    if (this.#leases.get(key)?.epoch === epoch) this.#leases.delete(key);
  }

  /** Forgets all. @returns who they were. */
  clear(): readonly { readonly agentId: string; readonly instance: string }[] {
    const keys = [...this.#leases.keys()];
    this.#leases.clear();
    return keys.map((key) => {
      const [agentId = '', instance = ''] = key.split(' ');
      return { agentId, instance };
    });
  }

  /** Whether it is served here, and not under a lease that came after this one. */
  has({ agentId, instance, epoch }: EndedClaim): boolean {
    const lease = this.#leases.get(keyOf(agentId, instance));
    return lease !== undefined && !(lease.epoch > epoch);
  }
}

/** Of what a script tells: `agent instance epoch`, and a code where there is one. */
export function endedClaimOf(text: string): EndedClaim & { readonly code: ErrorCode | undefined } {
  const [agentId = '', instance = '', epoch = '', code = ''] = text.split(' ');
  const known = Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : undefined;
  return { agentId, instance, epoch: Number(epoch), code: known };
}

function keyOf(agentId: string, instance: string): string {
  return `${agentId} ${instance}`;
}
