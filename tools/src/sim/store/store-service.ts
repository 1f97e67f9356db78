/**
 * StoreService: the store that several nodes share: a process of its own, as Redis is. It knows which node serves which
 * agent, and frees what dead nodes held. It crashes and comes back; what it confirmed is there then.
 */
import { StorageError } from '@sealane/shared/errors';
import type { Lease, Store, StoreFigures, StoreHealth } from '@sealane/server/store';
import { SimProcess } from '../world/sim-process.ts';
import type { World } from '../world/world.ts';
import type { SimStore } from './sim-store.ts';
import { StoreClaims } from './store-claims.ts';
import type { StoreClient } from './store-client.ts';

export interface StoreServiceOptions {
  readonly world: World;
  /** The store of a new life. */
  readonly open: (process: SimProcess) => SimStore;
  /** Chance that a wake-up does not arrive. */
  readonly lostWakeUps: () => number;
  /** One did not. */
  readonly onLostWakeUp: () => void;
  readonly isFencing: boolean;
  /** How long it is gone after a crash. */
  readonly restartMs?: readonly [number, number];
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
  readonly claims: StoreClaims;
  readonly #options: StoreServiceOptions;
  readonly #clients = new Set<StoreClient>();
  readonly #arrivals = new Map<StoreClient, number>();
  readonly #failing = new Map<StoreClient, number>();
  #store: SimStore | undefined;
  #touched = new Set<string>();

  constructor(options: StoreServiceOptions) {
    this.#options = options;
    this.claims = new StoreClaims(options);
  }

  /** Undefined while it does not answer. */
  get figures(): StoreFigures | undefined {
    return this.#store?.figures();
  }

  start(): void {
    const { world, open } = this.#options;
    const process = new SimProcess(world, 'store');
    this.process = process;
    process.atEnd(() => {
      this.#store = undefined;
      this.#tellHealth('unavailable');
      world.schedule(undefined, world.dice.between(...(this.#options.restartMs ?? RESTART_MS)), () => this.start());
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
  async claim(store: Store, client: StoreClient, agentId: string, instance: string): Promise<Lease> {
    const { lease, before } = await this.claims.claim(store, client, { agentId, instance });
    if (before !== undefined) this.#tell(before, () => before.onAgentLost(agentId, instance));
    return lease;
  }

  #onOpened(store: SimStore): void {
    const reclaim = async (): Promise<void> => {
      await this.claims.reclaim(store);
      this.#store = store;
      this.#options.world.trace.add('store', 'is ready');
      this.#tellHealth('ready');
      // What was stored and not confirmed before it crashed is there, too.
      for (const queueId of this.claims.queues) this.#touched.add(queueId);
    };
    void reclaim();
  }

  /** A node is dead for so long that its agents are free. */
  #forget(client: StoreClient): void {
    const { world } = this.#options;
    const { process } = this;
    if (process === undefined || this.#store === undefined) {
      world.schedule(undefined, NODE_LEASE_MS, () => this.#forget(client));
      return;
    }
    process.enter(() => {
      if (this.#store !== undefined) this.claims.releaseAll(this.#store, client, world.wallClock(process));
    });
  }

  #onQueues(queueIds: readonly string[]): void {
    for (const queueId of queueIds) this.#touched.add(queueId);
    for (const client of this.#clients) {
      if (this.#options.world.dice.chance(this.#options.lostWakeUps())) this.#options.onLostWakeUp();
      else this.#tell(client, () => client.onQueues(queueIds));
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
