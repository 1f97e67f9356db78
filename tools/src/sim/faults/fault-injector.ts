/** FaultInjector: makes the faults of a plan happen to a world, one now and then, until it is stopped and everything heals. */
import type { SimAgent } from '../agent/sim-agent.ts';
import type { Network } from '../network/network.ts';
import type { SimNode } from '../node/sim-node.ts';
import type { DiskTrouble } from '../platform/virtual-files.ts';
import type { DiskManners } from '../store/sim-log.ts';
import type { Dice } from '@sealane/shared/testing';
import type { SimProcess } from '../world/sim-process.ts';
import type { World } from '../world/world.ts';
import type { FaultKind, FaultPlan } from './fault-plan.ts';

export interface FaultTargets {
  readonly world: World;
  readonly network: Network;
  readonly nodes: readonly SimNode[];
  readonly agents: readonly SimAgent[];
  /** The store that nodes share crashes and comes back. @returns whether there is one. */
  readonly crashStore: () => boolean;
}

/** Most things a process still does before it crashes in the middle of something. */
const EFFECTS_MAX = 40;
const JUMP_MS = 2 * 86_400_000;

export class FaultInjector {
  /** How often each kind happened. */
  readonly counts = new Map<FaultKind, number>();
  /** Chance that a wake-up among nodes is lost. */
  lostWakeUps = 0;
  readonly #plan: FaultPlan;
  readonly #targets: FaultTargets;
  readonly #dice: Dice;
  #isOver = false;
  #slowUntil = 0;
  #fullUntil = 0;
  #commitsToFailure = Number.POSITIVE_INFINITY;
  readonly #agentDisks = new Map<
    string,
    { readonly trouble: DiskTrouble; readonly slowMs: number; readonly until: number }
  >();

  constructor(plan: FaultPlan, targets: FaultTargets) {
    this.#plan = plan;
    this.#targets = targets;
    this.#dice = targets.world.dice.fork('faults');
  }

  /** A wake-up among nodes was lost. */
  readonly countLostWakeUp = (): void => this.#count('lost-wake-up');

  start(): void {
    if (this.#plan.kinds.includes('lost-wake-up')) this.lostWakeUps = this.#dice.fraction();
    this.#later();
  }

  /** No more faults, and what there are end. */
  stop(): void {
    const { network, nodes, agents } = this.#targets;
    this.#isOver = true;
    this.lostWakeUps = 0;
    this.#slowUntil = 0;
    this.#fullUntil = 0;
    this.#commitsToFailure = Number.POSITIVE_INFINITY;
    this.#agentDisks.clear();
    network.heal();
    for (const { process } of nodes) process?.spare();
    for (const { lives } of agents) for (const process of lives) process.spare();
  }

  /** The disks of stores. */
  readonly manners: DiskManners = {
    delayMs: () => {
      const { world } = this.#targets;
      const isSlow = world.now < this.#slowUntil;
      return this.#dice.between(...this.#plan.diskMs) + (isSlow ? this.#dice.between(0, 3_000) : 0);
    },
    outcome: () => {
      if (this.#targets.world.now < this.#fullUntil) return 'full';
      this.#commitsToFailure -= 1;
      if (this.#commitsToFailure > 0) return 'written';
      this.#commitsToFailure = Number.POSITIVE_INFINITY;
      return this.#dice.pick(['failed', 'failed-written'] as const);
    },
  };

  readonly agentDiskMs = (agent: string): number => {
    const disk = this.#agentDisk(agent);
    return this.#dice.between(...this.#plan.agentDiskMs) + this.#dice.between(0, disk?.slowMs ?? 0);
  };

  readonly agentDiskTrouble = (agent: string): DiskTrouble => this.#agentDisk(agent)?.trouble ?? 'none';

  #agentDisk(agent: string): { readonly trouble: DiskTrouble; readonly slowMs: number } | undefined {
    const disk = this.#agentDisks.get(agent);
    return disk !== undefined && this.#targets.world.now < disk.until ? disk : undefined;
  }

  #later(): void {
    const { world } = this.#targets;
    world.schedule(undefined, this.#dice.between(0, 2 * this.#plan.everyMs), () => {
      if (this.#isOver) return;
      const kind = this.#dice.pick(this.#plan.kinds);
      if (this.#happens(kind)) this.#count(kind);
      this.#later();
    });
  }

  #count(kind: FaultKind): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  /** @returns whether it happened; a wake-up is lost, and counted, whenever one is told. */
  #happens(kind: FaultKind): boolean {
    const { world, nodes, agents } = this.#targets;
    const node = this.#dice.pick(nodes);
    const agent = this.#dice.pick(agents);
    world.trace.add('fault', `${kind} (${kind.includes('agent') || kind === 'duplicate' ? agent.id : node.name})`);
    switch (kind) {
      case 'cut':
      case 'half-open':
      case 'stall':
      case 'silence':
        return this.#onNetwork(kind);
      case 'node-crash':
        return this.#crash(node.process, 'crash');
      case 'node-power-loss':
        return this.#crash(node.process, 'power-loss');
      case 'agent-crash':
        return this.#crash(this.#lifeOf(agent), 'crash');
      case 'agent-power-loss':
        return this.#crash(this.#lifeOf(agent), 'power-loss');
      case 'duplicate':
        if (agent.lives.size !== 1) return false;
        agent.start();
        return true;
      case 'pause':
        return this.#pause(this.#dice.chance(0.5) ? node.process : this.#lifeOf(agent));
      case 'clock-jump':
        return this.#jump(this.#dice.chance(0.5) ? node.process : this.#lifeOf(agent));
      default:
        return this.#onDisks(kind, agent);
    }
  }

  #onNetwork(kind: 'cut' | 'half-open' | 'stall' | 'silence'): boolean {
    const { network, world } = this.#targets;
    if (kind === 'silence') {
      network.silence = 0.8;
      world.schedule(undefined, this.#dice.between(1_000, 10_000), () => (network.silence = 0));
      return true;
    }
    const links = network.openLinks;
    if (links.length === 0) return false;
    const link = this.#dice.pick(links);
    if (kind === 'stall') {
      const until = world.now + this.#dice.skewed(100, 30_000);
      if (this.#dice.chance(0.7)) link.toServer.block(until);
      if (this.#dice.chance(0.7)) link.toClient.block(until);
    } else network.cut(link, kind === 'cut' ? 'both' : this.#dice.pick(['client', 'server'] as const));
    return true;
  }

  #onDisks(
    kind: Exclude<FaultKind, 'cut' | 'half-open' | 'stall' | 'silence' | 'duplicate' | 'pause' | 'clock-jump'>,
    { id }: SimAgent,
  ): boolean {
    const until = this.#targets.world.now + this.#dice.skewed(100, 15_000);
    switch (kind) {
      case 'slow-disk':
        this.#slowUntil = until;
        return true;
      case 'full-disk':
        this.#fullUntil = until;
        return true;
      case 'broken-disk':
        this.#commitsToFailure = this.#dice.whole(1, 5);
        return true;
      case 'slow-agent-disk':
        this.#agentDisks.set(id, { trouble: 'none', slowMs: 3_000, until });
        return true;
      case 'broken-agent-disk':
        this.#agentDisks.set(id, { trouble: this.#dice.pick(['full', 'broken'] as const), slowMs: 0, until });
        return true;
      case 'store-crash':
        return this.#targets.crashStore();
      default:
        return false;
    }
  }

  #lifeOf(agent: SimAgent): SimProcess | undefined {
    const lives = [...agent.lives];
    return lives.length === 0 ? undefined : this.#dice.pick(lives);
  }

  /** At once, or in the middle of what it does next. */
  #crash(process: SimProcess | undefined, ending: 'crash' | 'power-loss'): boolean {
    if (process?.isAlive !== true) return false;
    if (ending === 'crash' && this.#dice.chance(0.7)) process.crashAfter(this.#dice.whole(1, EFFECTS_MAX));
    else process.end(ending);
    return true;
  }

  #pause(process: SimProcess | undefined): boolean {
    if (process?.isAlive !== true) return false;
    process.pausedUntil = Math.max(process.pausedUntil, this.#targets.world.now + this.#dice.skewed(10, 20_000));
    return true;
  }

  #jump(process: SimProcess | undefined): boolean {
    if (process?.isAlive !== true) return false;
    process.wallOffsetMs = this.#dice.between(-JUMP_MS, JUMP_MS);
    return true;
  }
}
