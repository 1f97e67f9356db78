/** RandomFaults: what happens to Redis, to nodes and to what lies between them, by chance. Not part of the product. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisServer } from '../redis-server.ts';
import type { LossyProxy } from './lossy-proxy.ts';

/** What it happens to. */
export interface FaultyWorld {
  readonly server: RedisServer;
  /** An integer below `end`. */
  below(end: number): number;
  /** What lies between some node and Redis. */
  someProxy(): LossyProxy;
  crashNode(): Promise<void>;
}

export class RandomFaults {
  /** How often, by kind. */
  readonly counts: Record<string, number> = {};
  readonly #world: FaultyWorld;

  constructor(world: FaultyWorld) {
    this.#world = world;
  }

  /** Faults until a time, each kind once at least. */
  async run(endAt: number): Promise<void> {
    const kinds = {
      cut: () => this.#world.server.command('CLIENT', 'KILL', 'TYPE', 'normal'),
      'lost answers': () => this.#swallow(),
      'late requests': () => this.#holdBack(),
      'lost wake-ups': () => this.#world.server.command('CLIENT', 'KILL', 'TYPE', 'pubsub'),
      'crash of a node': () => this.#world.crashNode(),
      'crash of Redis': () => this.#crashRedis(),
      'slow Redis': () => this.#stall(),
    };
    const order = Object.keys(kinds) as (keyof typeof kinds)[];
    for (let turn = 0; performance.now() < endAt || turn < order.length; turn++) {
      // Each kind once, and then by chance.
      const kind = order[turn < order.length ? turn : this.#world.below(order.length)]!;
      await kinds[kind]();
      this.counts[kind] = (this.counts[kind] ?? 0) + 1;
      await sleep(50 + this.#world.below(300));
    }
  }

  async #swallow(): Promise<void> {
    const proxy = this.#world.someProxy();
    proxy.isLossy = true;
    await sleep(this.#world.below(300));
    proxy.cut();
    proxy.isLossy = false;
  }

  /** Requests reach Redis only after their connection was given up and another one made. */
  async #holdBack(): Promise<void> {
    const proxy = this.#world.someProxy();
    proxy.holds = 'requests';
    await sleep(this.#world.below(300));
    proxy.cutClients();
    const deliver = proxy.keepHeld();
    await sleep(this.#world.below(500));
    deliver();
  }

  async #crashRedis(): Promise<void> {
    await this.#world.server.kill();
    await sleep(this.#world.below(500));
    await this.#world.server.startAgain();
  }

  async #stall(): Promise<void> {
    this.#world.server.pause();
    await sleep(this.#world.below(500));
    this.#world.server.goOn();
  }
}
