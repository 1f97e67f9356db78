/** The store that nodes of the simulation share is a store as well: asked through one node, it passes the suite of all stores. */
import { describe, expect, it } from '@jest/globals';
import { MemoryDisk, type QueueLimits } from '@sealane/server/store';
import { storeCompliance, type StoreHarness } from '@sealane/server/testing';
import { NodeStore } from '../../src/sim/store/node-store.ts';
import { SimStore } from '../../src/sim/store/sim-store.ts';
import { StoreService } from '../../src/sim/store/store-service.ts';
import type { DiskManners } from '../../src/sim/store/sim-log.ts';
import { SimProcess } from '../../src/sim/world/sim-process.ts';
import { World } from '../../src/sim/world/world.ts';

const MANNERS: DiskManners = { delayMs: () => 0, outcome: () => 'written' };
/** Virtual time that passes with each turn of the real event loop, for whoever waits for an answer. */
const TURN_MS = 1;

/** A world whose time goes on by itself, and faster where a case asks for it. */
class RunningWorld {
  readonly world = new World(11);
  #isOver = false;
  #work: Promise<unknown> = Promise.resolve();

  constructor() {
    void this.#run();
  }

  /** One after the other: a world has one present. */
  advance(ms: number): Promise<void> {
    const done = this.#work.then(async () => {
      await this.world.runUntil(this.world.now + ms);
    });
    this.#work = done;
    return done;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#work;
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      await this.advance(TURN_MS);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

async function harness(limits: QueueLimits): Promise<StoreHarness> {
  const running = new RunningWorld();
  const { world } = running;
  const disk = new MemoryDisk();
  const service = new StoreService({
    ...{ world, lostWakeUps: () => 0, onLostWakeUp: () => undefined, isFencing: true, restartMs: [1, 2] },
    open: (process) => {
      const schedule = (delayMs: number, run: () => void) => world.schedule(process, delayMs, run);
      const environment = { now: () => world.wallClock(process), random: world.entropy.bytes, schedule };
      const store = new SimStore({ environment, disk, manners: MANNERS, limits });
      process.atEnd(() => store.crash());
      return store;
    },
  });
  service.start();
  await running.advance(10);
  return {
    create: () => new NodeStore(service, new SimProcess(world, 'node')),
    // What crashes is the service: its nodes only ask.
    async crash() {
      service.process?.end('crash');
      await running.advance(10);
    },
    now: () => world.wallClock(undefined),
    advance: (ms) => running.advance(ms),
    dispose: () => running.stop(),
  };
}

describe('NodeStore', () => {
  storeCompliance(async ({ limits }) => harness(limits), { it, expect });
});
