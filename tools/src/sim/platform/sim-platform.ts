/**
 * SimPlatform: Node.js as programs in a world see it. Inside of a step its clocks, timers, randomness, sockets, files and
 * threads are those of the world; outside they are the real ones. So the product runs as it is, without a line of its own
 * for the simulator.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { performance } from 'node:perf_hooks';
import type { World } from '../world/world.ts';
import { ROOT, type VirtualFiles } from './virtual-files.ts';
import { VirtualTimers } from './virtual-timers.ts';
import { VirtualWorker } from './virtual-worker.ts';

/** What programs in a world reach through Node.js. */
export interface Surroundings {
  readonly world: World;
  readonly files: VirtualFiles;
  /** `connect` of `node:net`. */
  connect(options: object): unknown;
}

type Functions = Record<string, unknown>;

const require = createRequire(import.meta.url);
let inside: Surroundings | undefined;
let isInstalled = false;

/** The surroundings of the present step; undefined outside of steps. In a step of the world itself no program runs. */
function present(): Surroundings | undefined {
  if (inside?.world.current !== undefined) return inside;
  if (inside?.world.isAtWork === true) inside.world.onFault(new Error('a program runs in the name of nobody'));
  return undefined;
}

/** From now on steps of this world find these surroundings. One world at a time. */
export function useSurroundings(surroundings: Surroundings | undefined): void {
  if (!isInstalled) install();
  isInstalled = true;
  inside = surroundings;
}

/** A function that answers for virtual paths, and does not for others. */
function forPaths(answer: (files: VirtualFiles, path: string, options: unknown) => unknown) {
  return ({ files }: Surroundings): unknown =>
    (path: unknown, options: unknown): unknown => {
      const text = String(path);
      if (!`${text}/`.startsWith(ROOT)) throw new Error(`${text} is not of this world`);
      return answer(files, text, options);
    };
}

/** Free space as `statfs` tells it. */
const FREE_BLOCKS = { bavail: 1_000_000, bsize: 4_096 } as const;

/** What of `node:fs` programs use for their data. */
const fileFunctions = {
  mkdirSync: forPaths((files, path) => files.makeFolder(path)),
  accessSync: forPaths(() => undefined),
  existsSync: forPaths((files, path) => files.exists(path)),
  readdirSync: forPaths((files, path) => files.list(path)),
  statSync: forPaths((files, path, options) => files.stat(path, options)),
};

/** What of `node:fs/promises` programs use for their data. */
const filePromises = {
  statfs: forPaths(() => Promise.resolve(FREE_BLOCKS)),
};

/** Replaces functions: each asks `virtual` first whether it has something to say. */
function replace(target: Functions, names: Readonly<Record<string, (of: Surroundings) => unknown>>): void {
  for (const [name, choose] of Object.entries(names)) {
    const real = target[name] as (...values: unknown[]) => unknown;
    const choice = function (this: unknown, ...values: unknown[]): unknown {
      const surroundings = present();
      const chosen = surroundings === undefined ? undefined : choose(surroundings);
      return chosen === undefined
        ? Reflect.apply(real, this, values)
        : (chosen as (...values: unknown[]) => unknown)(...values);
    };
    Object.defineProperty(target, name, { value: choice, writable: true, configurable: true });
  }
}

function install(): void {
  const timers = new VirtualTimers(() => {
    if (inside === undefined) throw new Error('no world');
    return inside.world;
  });
  const clear = (): unknown => timers.clear;
  const started = {
    setTimeout: () => timers.setTimeout,
    setInterval: () => timers.setInterval,
    setImmediate: () => timers.setImmediate,
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  };
  replace(globalThis, started);
  replace(require('node:timers') as Functions, started);
  replace(require('node:timers/promises') as Functions, {
    setTimeout: () => timers.sleep,
    setImmediate: () => timers.endOfTurn,
  });
  replace(performance as unknown as Functions, {
    now:
      ({ world }) =>
      () =>
        world.now,
  });
  replace(Date as unknown as Functions, {
    now:
      ({ world }) =>
      () =>
        world.wallClock(world.current),
  });
  replace(Math as unknown as Functions, {
    random:
      ({ world }) =>
      () =>
        world.entropy.fraction(),
  });
  replace(require('node:crypto') as Functions, {
    randomFillSync:
      ({ world }) =>
      (bytes: Uint8Array) =>
        world.entropy.fill(bytes),
  });
  replace(require('node:net') as Functions, { connect: (of) => (options: object) => of.connect(options) });
  replace(require('node:fs') as Functions, fileFunctions);
  replace(require('node:fs/promises') as Functions, filePromises);
  installWorker();
  syncBuiltinESMExports();
}

/** `new Worker` inside of a step makes a virtual one. */
function installWorker(): void {
  const threads = require('node:worker_threads') as { Worker: new (...values: unknown[]) => object };
  const { Worker: RealWorker } = threads;
  threads.Worker = new Proxy(RealWorker, {
    construct(target, values: unknown[]): object {
      const surroundings = present();
      if (surroundings === undefined) return new target(...values);
      return new VirtualWorker(surroundings.world, surroundings.files, String(values[0]));
    },
  });
}
