/** A delivery engine over a store in memory, on virtual time, with agents that are none. Not part of the product. */
import { DEFAULT_DELIVERY_LIMITS, type DeliveryLimits } from '../../src/config/index.ts';
import { Delivery, type StoreIncident } from '../../src/delivery/index.ts';
import { InboundBudget } from '../../src/limits/index.ts';
import { Permissions } from '../../src/permissions/index.ts';
import {
  DEFAULT_QUEUE_LIMITS,
  MemoryDisk,
  MemoryStore,
  type QueueInfo,
  type QueueLimits,
  type QueueSpec,
  type StoreHealth,
} from '../../src/store/index.ts';
import { FakeAgent } from './fake-agent.ts';
import { VirtualEnvironment } from './virtual-environment.ts';

export interface WorldOptions {
  readonly seed?: number;
  readonly limits?: Partial<DeliveryLimits>;
  readonly queueLimits?: Partial<QueueLimits>;
  /** For what all connections publish together. */
  readonly inboundBytesMax?: number;
  /** How long a commit takes: what is younger is lost in a crash. */
  readonly commitDelayMs?: number;
  readonly rules?: ConstructorParameters<typeof Permissions>[0];
  /** Agents that are enrolled; everybody where it is left out. */
  readonly enrolled?: readonly string[];
}

/** Commits that the end of a store may take. */
const STOP_COMMITS_MAX = 20;

export class DeliveryWorld {
  readonly environment: VirtualEnvironment;
  delivery: Delivery;
  store: MemoryStore;
  readonly incidents: StoreIncident[] = [];
  readonly health: StoreHealth[] = [];
  /** Called with what the store has settled for good. */
  onSettled: ((spec: QueueSpec, sequences: readonly number[]) => void) | undefined;
  readonly #options: WorldOptions;
  readonly #connected = new Map<string, number>();
  readonly disk: MemoryDisk;
  #agents: FakeAgent[] = [];

  private constructor(options: WorldOptions) {
    this.#options = options;
    this.environment = new VirtualEnvironment(options.seed);
    this.disk = new MemoryDisk({ commitDelayMs: options.commitDelayMs ?? 0 });
    this.store = this.#makeStore();
    this.delivery = this.#makeDelivery();
  }

  static async start(options: WorldOptions = {}): Promise<DeliveryWorld> {
    const world = new DeliveryWorld(options);
    await world.delivery.start();
    return world;
  }

  /** The process dies: connections are gone, and so is what the store had not committed. It starts again. */
  async crash(): Promise<void> {
    for (const agent of this.#agents) agent.vanish();
    this.#agents = [];
    this.#connected.clear();
    this.delivery.alarms.stop();
    this.store.crash();
    this.store = this.#makeStore();
    this.delivery = this.#makeDelivery();
    await this.delivery.start();
  }

  get counters(): Delivery['counters'] {
    return this.delivery.counters;
  }

  /** An agent connects. */
  async connect(agentId: string, instance = 'main'): Promise<FakeAgent> {
    this.#count(agentId, instance, 1);
    const agent = new FakeAgent(this.delivery, agentId, instance);
    this.#agents.push(agent);
    await this.settle();
    return agent;
  }

  /** Its connection ends. */
  async cut(agent: FakeAgent): Promise<void> {
    this.#count(agent.peer.agentId, agent.peer.instance, -1);
    agent.cut();
    await this.settle();
  }

  /** An agent that takes what the pattern matches, by default what is addressed to it. */
  async consumer(agentId: string, topic: string | null = null, about: Parameters<FakeAgent['subscribe']>[1] = {}) {
    const agent = await this.connect(agentId);
    agent.subscribe(topic, about);
    await this.settle();
    return agent;
  }

  /** An agent with an open outbox. */
  async producer(agentId = 'producer'): Promise<FakeAgent> {
    const agent = await this.connect(agentId);
    agent.openProducer();
    await this.settle();
    return agent;
  }

  /** Publishes `count` events in one turn, numbered from `first`. */
  async publish(producer: FakeAgent, to: string, count: number, first = 1): Promise<void> {
    for (let number = first; number < first + count; number++) producer.publish(number, to);
    await this.settle();
  }

  async settle(): Promise<void> {
    await this.environment.settle();
  }

  async pass(ms: number): Promise<void> {
    await this.environment.pass(ms);
  }

  async stop(): Promise<void> {
    const stopped = this.delivery.stop();
    // Commits take their time, one after the other.
    for (let count = 0; count < STOP_COMMITS_MAX; count++) await this.pass(this.#options.commitDelayMs ?? 0);
    await stopped;
  }

  #makeStore(): MemoryStore {
    const { queueLimits } = this.#options;
    const { wallClock, random, schedule } = this.environment;
    const store = new MemoryStore({
      disk: this.disk,
      limits: { ...DEFAULT_QUEUE_LIMITS, ...queueLimits },
      environment: {
        now: wallClock,
        random: (size) => Uint8Array.from({ length: size }, () => Math.floor(random() * 256)),
        schedule: (delayMs, run) => schedule(delayMs, run).cancel,
      },
    });
    watch(store, (spec, sequences) => this.onSettled?.(spec, sequences));
    return store;
  }

  #makeDelivery(): Delivery {
    const { limits, rules, enrolled, inboundBytesMax = Number.POSITIVE_INFINITY } = this.#options;
    return new Delivery({
      store: this.store,
      environment: this.environment,
      limits: { ...DEFAULT_DELIVERY_LIMITS, ...limits },
      inbound: new InboundBudget(inboundBytesMax),
      permissions: new Permissions(rules ?? []),
      isKnownAgent: (agentId) => enrolled?.includes(agentId) ?? true,
      isConnected: (agentId) => (this.#connected.get(agentId) ?? 0) > 0,
      isShared: false,
      onHealth: (health) => this.health.push(health),
      onIncident: (incident) => this.incidents.push(incident),
    });
  }

  #count(agentId: string, instance: string, by: number): void {
    if (instance === 'main') this.#connected.set(agentId, (this.#connected.get(agentId) ?? 0) + by);
  }
}

/** A store that tells what it has settled. */
function watch(store: MemoryStore, onSettled: (spec: QueueSpec, sequences: readonly number[]) => void): void {
  const queues = new Map<string, QueueInfo>();
  const settle = store.settle.bind(store);
  const openQueue = store.openQueue.bind(store);
  store.openQueue = async (spec) => {
    const info = await openQueue(spec);
    queues.set(info.queueId, info);
    return info;
  };
  store.settle = async (queueId, settlements, lease) => {
    await settle(queueId, settlements, lease);
    const spec = queues.get(queueId)?.spec;
    const sequences = settlements.flatMap((each) => (each.kind === 'acked' ? [each.sequence] : []));
    if (spec !== undefined) onSettled(spec, sequences);
    for (const each of settlements) {
      if (each.kind !== 'acked-to' || spec === undefined) continue;
      onSettled(
        spec,
        Array.from({ length: each.sequence }, (_, index) => index + 1),
      );
    }
  };
}
