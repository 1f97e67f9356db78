/**
 * Leases of agents within one process: each instance of an agent has the newest it was given. A consumer that was replaced
 * settles nothing any more (error E_FENCED).
 */
import { StorageError } from '@sealane/shared/errors';
import type { Queue } from '../state/queue.ts';
import type { Lease } from '../store.ts';

/** Name of the one node there is. */
const NODE = 'local';
/** The instance through which an agent counts as connected. */
const MAIN = 'main';

export class Leases {
  readonly #epochs = new Map<string, Map<string, number>>();
  #lastEpoch = 0;

  claim(agentId: string, instance: string): Lease {
    let instances = this.#epochs.get(agentId);
    if (instances === undefined) this.#epochs.set(agentId, (instances = new Map<string, number>()));
    this.#lastEpoch += 1;
    instances.set(instance, this.#lastEpoch);
    return { node: NODE, epoch: this.#lastEpoch };
  }

  release(agentId: string, instance: string, lease: Lease): void {
    const instances = this.#epochs.get(agentId);
    if (instances?.get(instance) !== lease.epoch) return;
    instances.delete(instance);
    if (instances.size === 0) this.#epochs.delete(agentId);
  }

  nodeOf(agentId: string): string | undefined {
    return this.#epochs.get(agentId)?.has(MAIN) === true ? NODE : undefined;
  }

  /** Work of a group may be anybody's. @throws StorageError `E_FENCED` when the lease is not the newest any more. */
  check(queue: Queue, lease: Lease): void {
    if (queue.kind === 'group') return;
    const instances = this.#epochs.get(queue.holder);
    for (const epoch of instances?.values() ?? []) if (epoch === lease.epoch) return;
    throw new StorageError('E_FENCED', `Agent ${queue.holder} is served under a newer lease`);
  }
}
