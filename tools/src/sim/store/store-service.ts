/**
 * StoreService: the store that several nodes share: a process of its own, as Redis is. It knows which node serves which
 * agent, and frees what dead nodes held. It crashes and comes back; what it confirmed is there then.
 */
import { StorageError } from '@sealane/shared/errors';
import type { Lease, Store, StoreHealth } from '@sealane/server/store';
import { SimProcess } from '../world/sim-process.ts';
import type { Process } from '../world/process.ts';
import type { World } from '../world/world.ts';
import type { SimStore } from './sim-store.ts';

/** A node that uses the store. */
export interface StoreClient {
  readonly process: Process;
  /** They come with a delay, in a step of the node. */
  onQueues(queueIds: readonly string[]): void;
  onAgentLost(agentId: string, instance: string): void;
  onHealth(status: StoreHealth['status']): void;
}

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

export interface StoreServiceOptions {
  readonly world: World;
  /** The store of a new life. */
  readonly open: (process: SimProcess) => SimStore;
  /** Chance that a wake-up does not arrive. */
  readonly lostWakeUps: () => number;
  readonly isFencing: boolean;
}

const RESTART_MS = [100, 3_000] as const;
const LATENCY_MS = [0.1, 2] as const;
/** So long after its death a node counts as dead. */
const NODE_LEASE_MS = 10_000;
/** A store that cannot be reached is missed after this. */
const MISSED_MS = 500;
const POLL_MS = 1_000;

export class StoreService {
  process: SimProcess | undefined;
  readonly #options: StoreServiceOptions;
  readonly #clients = new Set<StoreClient>();
  readonly #claims = new Map<string, Claim>();
  readonly #byEpoch = new Map<number, Claim>();
  readonly #arrivals = new Map<StoreClient, number>();
  readonly #groups = new Set<string>();
  readonly #failing = new Map<StoreClient, number>();
  #store: SimStore | undefined;
  #epochs = 0;
  #touched = new Set<string>();

  constructor(options: StoreServiceOptions) {
    this.#options = options;
  }

  /** Whether it answers. */
  get isReady(): boolean {
    return this.#store !== undefined;
  }

  start(): void {
    const { world, open } = this.#options;
    const process = new SimProcess(world, 'store');
    this.process = process;
    process.atEnd(() => {
      this.#store = undefined;
      this.#tellHealth('unavailable');
      world.schedule(undefined, world.dice.between(...RESTART_MS), () => this.start());
    });
    process.enter(() => {
      world.trace.add('store', 'starts');
      const store = open(process);
      const listener = {
        onQueues: (queueIds: readonly string[]) => this.#onQueues(queueIds),
        onAgentLost: () => undefined,
        onHealth: ({ status }: StoreHealth) => {
          if (status === 'failed') process.end('exit');
        },
        onIncident: ({ message }: { readonly message: string }) => world.trace.add('store', message),
      };
      store.open(listener).then(
        () => this.#onOpened(store),
        (error: unknown) => {
          world.trace.add('store', `cannot start: ${String(error)}`);
          process.end('exit');
        },
      );
      this.#poll(process);
    });
  }

  join(client: StoreClient): void {
    this.#clients.add(client);
    client.process.atEnd(() => {
      this.#clients.delete(client);
      this.#options.world.schedule(undefined, NODE_LEASE_MS, () => this.#forget(client));
    });
  }

  /**
   * Asks the store for a node: there and back takes time, in order, and it may crash between.
   *
   * @throws StorageError `E_STORE_UNAVAILABLE`: whether it was done is unknown.
   */
  ask<Answer>(client: StoreClient, work: (store: Store) => Promise<Answer>): Promise<Answer> {
    const { world } = this.#options;
    const at = Math.max(this.#arrivals.get(client) ?? 0, world.now + this.#latencyMs());
    this.#arrivals.set(client, at);
    return new Promise((resolve, reject) => {
      const { process } = this;
      let isAnswered = false;
      const answer = (tell: () => void, delayMs: number): void => {
        if (isAnswered) return;
        isAnswered = true;
        world.schedule(client.process, delayMs, tell);
      };
      const fail = (): void => {
        // What is asked before a failure is known fails with it: nothing overtakes what may have to be asked again.
        const failsAt = this.#failing.get(client) ?? 0;
        if (failsAt < world.now) this.#failing.set(client, world.now + MISSED_MS);
        const error = new StorageError('E_STORE_UNAVAILABLE', 'the store is gone');
        answer(() => reject(error), (this.#failing.get(client) ?? 0) - world.now);
      };
      process?.atEnd(fail);
      if (process?.isAlive !== true || world.now <= (this.#failing.get(client) ?? -1)) fail();
      world.schedule(process, at - world.now, () => {
        const store = this.#store;
        if (isAnswered) return;
        if (store === undefined || process !== this.process) fail();
        else
          Promise.resolve()
            .then(() => work(store))
            .then(
              (value) => answer(() => resolve(value), this.#latencyMs()),
              (error: unknown) => answer(() => reject(asError(error)), this.#latencyMs()),
            );
      });
    });
  }

  /** In a step of the service. A node serves an agent from now on; whoever did before is told. */
  claim(store: Store, client: StoreClient, agentId: string, instance: string): Promise<Lease> {
    return this.#claim(store, client, agentId, instance);
  }

  /** The lease behind one of a node. @throws StorageError `E_FENCED` when another took its place. */
  inner({ epoch }: Lease): Lease {
    return this.#present(epoch).inner;
  }

  /** What a read gave is held under this lease. @throws StorageError `E_FENCED`: then it is free again. */
  hold(store: Store, lease: Lease, queueId: string, sequences: readonly number[]): void {
    const claim = this.#byEpoch.get(lease.epoch);
    if (claim === undefined) this.giveUp(store, lease, { queueId, sequences });
    const { held } = this.#present(lease.epoch);
    const of = held.get(queueId) ?? { sequences: new Set<number>(), deliveredTo: 0 };
    held.set(queueId, of);
    for (const sequence of sequences) {
      of.sequences.add(sequence);
      of.deliveredTo = Math.max(of.deliveredTo, sequence);
    }
  }

  /** With a lease that counts no more, only what is held of a group can be given back. */
  giveUp(
    store: Store,
    lease: Lease,
    { queueId, sequences }: { readonly queueId: string; readonly sequences: readonly number[] },
  ): void {
    if (this.#groups.has(queueId) && sequences.length > 0) store.release(queueId, 0, sequences, lease);
  }

  /** Whether another node took its place. */
  isFenced({ epoch }: Lease): boolean {
    return !this.#byEpoch.has(epoch);
  }

  /** A queue that several agents share. */
  noteGroup(queueId: string): void {
    this.#groups.add(queueId);
  }

  /** What is settled, or given back, is held no more. */
  drop({ epoch }: Lease, queueId: string, sequences: readonly number[]): void {
    const held = this.#byEpoch.get(epoch)?.held.get(queueId);
    for (const sequence of sequences) held?.sequences.delete(sequence);
  }

  /** An agent is gone from a node. */
  release(store: Store, { epoch }: Lease, at: number): void {
    const claim = this.#byEpoch.get(epoch);
    if (claim === undefined) return;
    this.#giveBack(store, claim);
    this.#byEpoch.delete(epoch);
    const key = keyOf(claim.agentId, claim.instance);
    if (this.#claims.get(key) === claim) this.#claims.delete(key);
    store.releaseAgent(claim.agentId, claim.instance, claim.inner, at);
  }

  /** Whether an agent is served by any node. */
  nodeOf(agentId: string): string | undefined {
    return this.#claims.get(keyOf(agentId, 'main'))?.client.process.name;
  }

  async #claim(store: Store, client: StoreClient, agentId: string, instance: string): Promise<Lease> {
    const key = keyOf(agentId, instance);
    const before = this.#claims.get(key);
    if (before !== undefined && this.#options.isFencing) {
      this.#giveBack(store, before);
      this.#byEpoch.delete(before.epoch);
      this.#tell(before.client, () => before.client.onAgentLost(agentId, instance));
    }
    const epoch = ++this.#epochs;
    const inner = await store.claimAgent(agentId, instance);
    const claim = { agentId, instance, client, epoch, inner, held: new Map() };
    this.#claims.set(key, claim);
    this.#byEpoch.set(epoch, claim);
    return { node: client.process.name, epoch };
  }

  #present(epoch: number): Claim {
    const claim = this.#byEpoch.get(epoch);
    if (claim === undefined) throw new StorageError('E_FENCED', 'another node serves this agent');
    return claim;
  }

  /** What was given out may have been delivered. */
  #giveBack(store: Store, { held, inner }: Claim): void {
    for (const [queueId, { sequences, deliveredTo }] of held)
      store.release(queueId, deliveredTo, [...sequences], inner);
    held.clear();
  }

  #onOpened(store: SimStore): void {
    const reclaim = async (): Promise<void> => {
      for (const claim of this.#claims.values()) {
        claim.inner = await store.claimAgent(claim.agentId, claim.instance);
        claim.held.clear();
      }
      this.#store = store;
      this.#options.world.trace.add('store', 'is ready');
      this.#tellHealth('ready');
    };
    void reclaim();
  }

  /** A node is dead for so long that its agents are free. */
  #forget(client: StoreClient): void {
    const { process } = this;
    if (process === undefined) return;
    process.enter(() => {
      const store = this.#store;
      if (store === undefined) this.#options.world.schedule(undefined, NODE_LEASE_MS, () => this.#forget(client));
      else
        for (const claim of [...this.#byEpoch.values()])
          if (claim.client === client)
            this.release(
              store,
              { node: client.process.name, epoch: claim.epoch },
              this.#options.world.wallClock(process),
            );
    });
  }

  #onQueues(queueIds: readonly string[]): void {
    for (const queueId of queueIds) this.#touched.add(queueId);
    for (const client of this.#clients) {
      if (this.#options.world.dice.chance(this.#options.lostWakeUps())) continue;
      this.#tell(client, () => client.onQueues(queueIds));
    }
  }

  /** What a lost wake-up would have told is found by looking. */
  #poll(process: SimProcess): void {
    this.#options.world.schedule(process, POLL_MS, () => {
      const queueIds = [...this.#touched];
      this.#touched = new Set();
      if (queueIds.length > 0) for (const client of this.#clients) this.#tell(client, () => client.onQueues(queueIds));
      this.#poll(process);
    });
  }

  #tellHealth(status: StoreHealth['status']): void {
    for (const client of this.#clients) this.#tell(client, () => client.onHealth(status));
  }

  #tell(client: StoreClient, tell: () => void): void {
    this.#options.world.schedule(client.process, this.#latencyMs(), tell);
  }

  #latencyMs(): number {
    return this.#options.world.dice.between(...LATENCY_MS);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** Of a table of claims. */
function keyOf(agentId: string, instance: string): string {
  return `${agentId}\0${instance}`;
}
