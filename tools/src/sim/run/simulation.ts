/** Simulation: one run of a world: set up, work under faults, healing, and the judgement. */
import { DEFAULT_DELIVERY_LIMITS, limitsOf, type ServerLimits } from '@sealane/server/testing';
import { IdentityKeys, fingerprint } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { DEFAULT_SESSION_LIMITS, SUITE } from '@sealane/shared/wire';
import { SimAgent, type Manners, type ProgramSubscription } from '../agent/sim-agent.ts';
import { Checker } from '../check/checker.ts';
import { FaultInjector } from '../faults/fault-injector.ts';
import { faultPlan } from '../faults/fault-plan.ts';
import { Network } from '../network/network.ts';
import { MemoryDirectory } from '../node/memory-directory.ts';
import { SimNode, type NodeSettings } from '../node/sim-node.ts';
import { useSurroundings } from '../platform/sim-platform.ts';
import { VirtualFiles } from '../platform/virtual-files.ts';
import type { PlantedBug } from '../planted/planted-bug.ts';
import { SimStores } from '../store/sim-stores.ts';
import type { Dice } from '@sealane/shared/testing';
import { catchStrayErrors } from '../world/stray-errors.ts';
import { World } from '../world/world.ts';

export interface SeedResult {
  readonly seed: number;
  /** What is wrong; empty for a good run. */
  readonly problems: readonly string[];
  readonly traceHash: string;
  readonly trace: readonly string[];
  readonly faults: ReadonlyMap<string, number>;
  readonly steps: number;
  readonly published: number;
  readonly delivered: number;
  readonly virtualMs: number;
}

const GROUP_ADDRESS = 'topic:work';
const HEARD_ADDRESSES = ['agent:ada', 'agent:bob', 'topic:a.b', 'topic:a.c.d', GROUP_ADDRESS];
const ADDRESSES = [...HEARD_ADDRESSES, 'topic:nobody'];
/** How many worlds have several nodes. */
const SHARED_CHANCE = 0.5;
const READY_MS = 60_000;
/** All that is owed is delivered within this time after the last fault. */
const HEALING_MS = 300_000;
/** What was at work when nothing was owed comes to its end: outboxes that were left are looked for each minute. Then nothing happens. */
const CALM_MS = 65_000;
const QUIET_MS = 14_000;
/** What is published when all is well is delivered, and its program told so, within this time. */
const PROBE_MS = 60_000;
/** Longer than the time for an ack. */
const GROUP_WORK_MS = 3_000;
/** In such weather an event that is cut to pieces, and the word that it is worked on, come well within that time. */
const QUICK_LATENCY_MS = 10;

export async function runSeed(seed: number, bug?: PlantedBug): Promise<SeedResult> {
  const simulation = new Simulation(seed, bug);
  const release = catchStrayErrors((error) => simulation.onStrayError(error));
  try {
    return await simulation.run();
  } finally {
    release();
    simulation.close();
  }
}

class Simulation {
  readonly #seed: number;
  readonly #world: World;
  readonly #dice: Dice;
  readonly #files = new VirtualFiles();
  readonly #checker: Checker;
  readonly #manners: Manners;
  readonly #injector: FaultInjector;
  readonly #durationMs: number;
  readonly #isQuick: boolean;
  readonly #nodes: readonly SimNode[];
  readonly #agents: readonly SimAgent[];
  readonly #stores: SimStores;
  readonly #subscriptions: readonly ProgramSubscription[];

  constructor(seed: number, bug: PlantedBug | undefined) {
    this.#seed = seed;
    this.#world = new World(seed);
    this.#dice = this.#world.dice.fork('setting');
    const plan = faultPlan(this.#dice.fork('plan'));
    const network = new Network(this.#world, plan.weather);
    this.#manners = mannersOf(this.#dice);
    const identity = new IdentityKeys(nativeCrypto, this.#dice.bytes(32));
    const isPortable = this.#dice.chance(0.02);
    const limits = limitsFor(this.#dice);
    const isShared = this.#dice.chance(SHARED_CHANCE);
    this.#checker = new Checker({ mayForgetAttempts: plan.kinds.includes('full-disk'), mayForgetSkips: isShared });
    const stores = new SimStores({
      ...{ world: this.#world, isShared, bug },
      checkpointBytes: this.#dice.pick([1, 2_000, 1_000_000]),
      manners: () => this.#injector.manners,
      lostWakeUps: () => this.#injector.lostWakeUps,
      onLostWakeUp: () => this.#injector.countLostWakeUp(),
      fault: (what) => this.#checker.fault(what),
    });
    this.#stores = stores;
    const settings: NodeSettings = {
      ...{ world: this.#world, network, identity, limits, isPortable, isShared: stores.isShared },
      directory: new MemoryDirectory(),
      resumeKey: this.#dice.bytes(32),
      openStore: (process, wallClock) => stores.open(process, wallClock),
    };
    const nodeCount = stores.isShared ? this.#dice.whole(2, 3) : 1;
    this.#nodes = Array.from({ length: nodeCount }, (_, index) => new SimNode(`node-${index + 1}`, settings));
    const agentSettings = {
      ...{ world: this.#world, checker: this.#checker, manners: this.#manners, isPortable, bug, files: this.#files },
      addresses: ADDRESSES,
      suites: this.#dice.chance(0.5) ? [SUITE.hybrid] : [SUITE.classical],
      limits: limits.session,
      serverKey: fingerprint(nativeCrypto, identity.static.publicKey),
    };
    this.#agents = programs(this.#dice).map(([id, subscriptions]) => new SimAgent(id, subscriptions, agentSettings));
    this.#subscriptions = this.#agents.flatMap(({ subscriptions }) => subscriptions);
    this.#durationMs = plan.durationMs;
    this.#isQuick = plan.weather.splits === 0 || plan.weather.latencyMs[1] <= QUICK_LATENCY_MS;
    this.#injector = new FaultInjector(plan, {
      ...{ world: this.#world, network, nodes: this.#nodes, agents: this.#agents, crashStore: stores.crash },
    });
    this.#files.delayMs = this.#injector.agentDiskMs;
    this.#files.trouble = this.#injector.agentDiskTrouble;
    useSurroundings({
      world: this.#world,
      files: this.#files,
      connect: (options) => network.connect(options as never),
    });
  }

  async run(): Promise<SeedResult> {
    const world = this.#world;
    const publishEveryMs = this.#manners.publishEveryMs;
    this.#manners.publishEveryMs = 0;
    this.#stores.start();
    for (const node of this.#nodes) node.start();
    for (const agent of this.#agents) agent.start();
    const isReady = await world.runUntil(READY_MS, () => this.#agents.every(({ isReady }) => isReady));
    if (!isReady) this.#checker.fault('the agents are not subscribed in time');
    this.#manners.publishEveryMs = publishEveryMs;
    this.#injector.start();
    await world.runUntil(world.now + this.#durationMs, () => this.#isBad);
    this.#heal();
    const healBy = world.now + HEALING_MS;
    await this.#untilSettled(healBy);
    await world.runUntil(world.now + CALM_MS, () => this.#isBad);
    await this.#probe();
    if (!this.#isBad) await this.#expectQuiet();
    return this.#result();
  }

  onStrayError(error: unknown): void {
    this.#world.onFault(error);
  }

  close(): void {
    useSurroundings(undefined);
    this.#files.close();
  }

  get #isBad(): boolean {
    return this.#checker.faults.length + this.#world.faults.length > 0;
  }

  get #isSettled(): boolean {
    return this.#checker.owed(this.#subscriptions).length + this.#checker.unsettled().length === 0;
  }

  async #untilSettled(time: number): Promise<void> {
    const world = this.#world;
    while (world.now < time && !this.#isBad && !this.#isSettled) await world.runUntil(world.now + 1_000);
  }

  /** Everything works from now on. */
  #heal(): void {
    this.#world.trace.add('world', 'heals');
    this.#injector.stop();
    Object.assign(this.#manners, { handlerFails: 0, handlerHangs: 0, publishEveryMs: 0 });
  }

  /** Every outbox and every subscription works, also where nothing was owed; and who works long in a group does so alone. */
  async #probe(): Promise<void> {
    this.#world.trace.add('world', 'looks whether everything works');
    for (const agent of this.#agents) agent.probe(HEARD_ADDRESSES, false);
    await this.#untilProbed();
    if (!this.#isQuick) return;
    this.#manners.groupMs = GROUP_WORK_MS;
    this.#agents[0]?.probe([GROUP_ADDRESS], true);
    await this.#untilProbed();
  }

  async #untilProbed(): Promise<void> {
    const world = this.#world;
    await world.runUntil(world.now + 1, () => this.#isBad);
    await this.#untilSettled(world.now + PROBE_MS);
  }

  async #expectQuiet(): Promise<void> {
    const world = this.#world;
    const before = this.#checker.deliveries;
    await world.runUntil(world.now + QUIET_MS, () => this.#isBad);
    if (this.#checker.deliveries !== before) this.#checker.fault('it is not quiet at the end');
    this.#checker.finish(this.#subscriptions);
  }

  #result(): SeedResult {
    const { trace, steps, now, faults } = this.#world;
    return {
      seed: this.#seed,
      problems: [...faults, ...this.#checker.faults],
      traceHash: trace.hash,
      trace: trace.lines,
      faults: this.#injector.counts,
      steps,
      published: this.#checker.publishedCount,
      delivered: this.#checker.deliveries,
      virtualMs: now,
    };
  }
}

function mannersOf(dice: Dice): Manners {
  return {
    handlerFails: dice.chance(0.5) ? dice.between(0, 0.2) : 0,
    handlerHangs: dice.chance(0.3) ? dice.between(0, 0.05) : 0,
    handlerMs: dice.pick([0, 0, 5, 200]),
    groupMs: 0,
    publishEveryMs: dice.skewed(300, 3_000),
  };
}

/** Small enough that windows fill, keys change and patience ends within a short run. */
function limitsFor(dice: Dice): ServerLimits {
  const limits = limitsOf('default');
  return {
    ...limits,
    delivery: { ...DEFAULT_DELIVERY_LIMITS, backoffMsMax: 10_000, usageFlushMs: 20_000 },
    session: { ...DEFAULT_SESSION_LIMITS, keyUpdateAfterRecords: dice.pick([20, 200, 1_000_000]) },
  };
}

function programs(dice: Dice): readonly (readonly [string, readonly ProgramSubscription[]])[] {
  const subscription = (agent: string, topic: string | null, group?: string): ProgramSubscription => ({
    ...{ topic, group, isGroup: group !== undefined },
    name: group ?? `${agent}/${topic ?? 'direct'}`,
    isManual: dice.chance(0.5),
    windowEvents: dice.pick([1, 4, 40, 256]),
    concurrency: dice.pick([1, 1, 4]),
    reaches: (to) =>
      topic === null ? to === `agent:${agent}` : topic === 'a.>' ? to.startsWith('topic:a.') : to === `topic:${topic}`,
  });
  return [
    ['ada', [subscription('ada', null), subscription('ada', 'a.>')]],
    ['bob', [subscription('bob', null), subscription('bob', 'work', 'crew')]],
    ['cyd', [subscription('cyd', 'a.b'), subscription('cyd', 'work', 'crew')]],
  ];
}
