/**
 * StoreClaims: which node serves which agent, and what each was given of queues and has not settled. A claim that another
 * took the place of counts no more.
 */
import { StorageError } from '@sealane/shared/errors';
import type { Lease, QueueItem, Store } from '@sealane/server/store';
import type { StoreClient } from './store-client.ts';

/** Who serves an instance of an agent. */
interface Claim {
  readonly agentId: string;
  readonly instance: string;
  readonly client: StoreClient;
  readonly epoch: number;
  /** That of the store behind; another one after each of its starts. */
  inner: Lease;
  /** What it was given of each queue and has not settled, and how far that goes. */
  readonly held: Map<string, { readonly sequences: Set<number>; deliveredTo: number }>;
}

/** Entries of a queue. */
export interface HeldEntries {
  readonly queueId: string;
  readonly sequences: readonly number[];
}

export class StoreClaims {
  /** Queues that there are, and those of groups. */
  readonly queues = new Set<string>();
  readonly #groups = new Set<string>();
  /** Entries of groups that a node had and gave back, or lost: whoever gets them next may not be the first. */
  readonly #repeated = new Map<string, Set<number>>();
  readonly #isFencing: boolean;
  readonly #claims = new Map<string, Claim>();
  readonly #byEpoch = new Map<number, Claim>();
  #epochs = 0;

  constructor({ isFencing }: { readonly isFencing: boolean }) {
    this.#isFencing = isFencing;
  }

  /** A node serves an agent from now on. @returns its lease, and who served it before. */
  async claim(
    store: Store,
    client: StoreClient,
    { agentId, instance }: { readonly agentId: string; readonly instance: string },
  ): Promise<{ readonly lease: Lease; readonly before: StoreClient | undefined }> {
    const key = keyOf(agentId, instance);
    const before = this.#isFencing ? this.#claims.get(key) : undefined;
    if (before !== undefined) {
      this.#giveBack(store, before);
      this.#byEpoch.delete(before.epoch);
    }
    const epoch = ++this.#epochs;
    const claim = {
      agentId,
      instance,
      client,
      epoch,
      inner: await store.claimAgent(agentId, instance),
      held: new Map(),
    };
    this.#claims.set(key, claim);
    this.#byEpoch.set(epoch, claim);
    return { lease: { node: client.process.name, epoch }, before: before?.client };
  }

  /** The store was started again: it knows nobody, and nothing is held. */
  async reclaim(store: Store): Promise<void> {
    for (const claim of this.#claims.values()) {
      claim.inner = await store.claimAgent(claim.agentId, claim.instance);
      for (const [queueId, { sequences }] of claim.held) this.#noteRepeated(queueId, sequences);
      claim.held.clear();
    }
  }

  /** The lease behind one of a node. @throws StorageError `E_FENCED` when another took its place. */
  inner({ epoch }: Lease): Lease {
    return this.#present(epoch).inner;
  }

  /** Whether another node took its place. */
  isFenced({ epoch }: Lease): boolean {
    return !this.#byEpoch.has(epoch);
  }

  /** A queue that is there. @param isGroup whether several agents share it. */
  noteQueue(queueId: string, isGroup: boolean): void {
    this.queues.add(queueId);
    if (isGroup) this.#groups.add(queueId);
  }

  /** What a read gave is held under this lease. @throws StorageError `E_FENCED`: then it is free again. */
  hold(store: Store, lease: Lease, { queueId, sequences }: HeldEntries): void {
    if (this.isFenced(lease)) this.giveUp(store, lease, { queueId, sequences });
    const { held } = this.#present(lease.epoch);
    const of = held.get(queueId) ?? { sequences: new Set<number>(), deliveredTo: 0 };
    held.set(queueId, of);
    for (const sequence of sequences) {
      of.sequences.add(sequence);
      of.deliveredTo = Math.max(of.deliveredTo, sequence);
    }
  }

  /** What is settled, or given back, is held no more. */
  drop({ epoch }: Lease, { queueId, sequences }: HeldEntries): void {
    const held = this.#byEpoch.get(epoch)?.held.get(queueId);
    for (const sequence of sequences) held?.sequences.delete(sequence);
  }

  /** What a read gave, with what other nodes had before. */
  marked(queueId: string, items: readonly QueueItem[]): readonly QueueItem[] {
    const repeated = this.#repeated.get(queueId);
    if (repeated === undefined) return items;
    return items.map((item) =>
      item.kind === 'event' && repeated.has(item.sequence) ? { ...item, isRepeated: true } : item,
    );
  }

  /** A node gives back what it holds. @param deliveredTo what it delivered goes so far */
  release(
    store: Store,
    lease: Lease,
    { queueId, sequences, deliveredTo }: HeldEntries & { deliveredTo: number },
  ): void {
    const delivered = sequences.filter((sequence) => sequence <= deliveredTo);
    if (this.isFenced(lease)) this.giveUp(store, lease, { queueId, sequences });
    else store.release(queueId, deliveredTo, sequences, this.inner(lease));
    this.#noteRepeated(queueId, delivered);
    this.drop(lease, { queueId, sequences });
  }

  /** With a lease that counts no more, only what is held of a group can be given back. */
  giveUp(store: Store, lease: Lease, { queueId, sequences }: HeldEntries): void {
    if (this.#groups.has(queueId) && sequences.length > 0) store.release(queueId, 0, sequences, lease);
  }

  /** An agent is gone from a node. */
  releaseAgent(store: Store, { epoch }: Lease, at: number): void {
    const claim = this.#byEpoch.get(epoch);
    if (claim === undefined) return;
    this.#giveBack(store, claim);
    this.#byEpoch.delete(epoch);
    const key = keyOf(claim.agentId, claim.instance);
    if (this.#claims.get(key) === claim) this.#claims.delete(key);
    store.releaseAgent(claim.agentId, claim.instance, claim.inner, at);
  }

  /** A node is dead: all of its agents are gone. */
  releaseAll(store: Store, client: StoreClient, at: number): void {
    for (const claim of [...this.#byEpoch.values()])
      if (claim.client === client) this.releaseAgent(store, { node: client.process.name, epoch: claim.epoch }, at);
  }

  /** The node that serves an agent. */
  nodeOf(agentId: string): string | undefined {
    return this.#claims.get(keyOf(agentId, 'main'))?.client.process.name;
  }

  #present(epoch: number): Claim {
    const claim = this.#byEpoch.get(epoch);
    if (claim === undefined) throw new StorageError('E_FENCED', 'another node serves this agent');
    return claim;
  }

  /** What was given out may have been delivered. */
  #giveBack(store: Store, { held, inner }: Claim): void {
    for (const [queueId, { sequences, deliveredTo }] of held) {
      store.release(queueId, deliveredTo, [...sequences], inner);
      this.#noteRepeated(queueId, sequences);
    }
    held.clear();
  }

  #noteRepeated(queueId: string, sequences: Iterable<number>): void {
    if (!this.#groups.has(queueId)) return;
    const repeated = this.#repeated.get(queueId) ?? new Set();
    this.#repeated.set(queueId, repeated);
    for (const sequence of sequences) repeated.add(sequence);
  }
}

/** Of a table of claims. */
function keyOf(agentId: string, instance: string): string {
  return `${agentId}\0${instance}`;
}
