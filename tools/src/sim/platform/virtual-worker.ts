/**
 * VirtualWorker: the thread in which an agent keeps its databases. It runs the very program of the product, over the
 * databases of the world: each message takes a while, comes in order, and is done wholly or, when the process ends
 * before, not at all.
 */
import { EventEmitter } from 'node:events';
import { compileFunction } from 'node:vm';
import type { Process } from '../world/process.ts';
import type { World } from '../world/world.ts';
import { messageCopy } from './message-copy.ts';
import { openVirtualDatabase } from './virtual-database.ts';
import type { VirtualFiles } from './virtual-files.ts';

type Program = (process: object) => void;

const programs = new Map<string, Program>();

export class VirtualWorker extends EventEmitter {
  readonly #world: World;
  readonly #process: Process;
  readonly #port = new EventEmitter();
  readonly #delayMs: () => number;
  #busyUntil = 0;
  #isOver = false;

  constructor(world: World, files: VirtualFiles, text: string) {
    super();
    const { current } = world;
    if (current === undefined) throw new Error('a virtual thread needs a process');
    this.#world = world;
    this.#process = current;
    this.#delayMs = () => files.delayMs(current.name);
    const parentPort = {
      on: (name: string, listener: (message: unknown) => void) => this.#port.on(name, listener),
      postMessage: (message: unknown) => {
        const copy = messageCopy(message);
        world.schedule(current, 0, () => {
          if (!this.#isOver) this.emit('message', copy);
        });
      },
    };
    const DatabaseSync = function (path: string): object {
      return openVirtualDatabase(files, current, path);
    };
    const modules: Readonly<Record<string, object>> = {
      'node:fs': { openSync: () => 0, closeSync() {} },
      'node:sqlite': { DatabaseSync },
      'node:worker_threads': { parentPort },
    };
    programOf(text)({ getBuiltinModule: (name: string) => modules[name] });
  }

  postMessage(message: unknown): void {
    const copy = messageCopy(message);
    const at = Math.max(this.#busyUntil, this.#world.now + this.#delayMs());
    this.#busyUntil = at;
    this.#world.schedule(this.#process, at - this.#world.now, () => {
      if (this.#isOver || !this.#process.effect()) return;
      this.#port.emit('message', copy);
      // What is written is written, whether or not anybody hears of it.
      this.#process.effect();
    });
  }

  ref(): void {}

  unref(): void {}

  terminate(): Promise<number> {
    this.#isOver = true;
    return Promise.resolve(0);
  }
}

function programOf(text: string): Program {
  let program = programs.get(text);
  if (program === undefined) {
    program = compileFunction(text, ['process']) as Program;
    programs.set(text, program);
  }
  return program;
}
