/** FuzzThread: has inputs decoded in a thread of their own, and notices when one of them never ends or ends the thread. */
import { Worker } from 'node:worker_threads';
import { DEFAULT_INPUT_LIMITS, type FuzzDecoder } from '@sealane/shared/testing';
import { SHARED_INPUT_BYTES, type Crash, type FuzzResult, type FuzzTask, type SharedInput } from './fuzz-messages.ts';

const HEAP_MIB_MAX = 512;
const LOOK_MS = 500;
/** An input hangs when it takes this much longer than all its tries may. */
const HANG_MS = 5_000;
const TRIES = 3;

export class FuzzThread {
  readonly #modules: readonly string[];
  readonly #shared: SharedInput = {
    head: new Int32Array(new SharedArrayBuffer(12)),
    bytes: new Uint8Array(new SharedArrayBuffer(SHARED_INPUT_BYTES)),
  };
  #worker: Promise<Worker> | undefined;

  constructor(modules: readonly string[]) {
    this.#modules = modules;
  }

  /** Runs a task. An input that ends the thread, or never ends, is its only crash then. */
  async run(task: FuzzTask, decoder: FuzzDecoder): Promise<FuzzResult> {
    const worker = await (this.#worker ??= this.#start());
    const timeMs = decoder.limits?.timeMs ?? DEFAULT_INPUT_LIMITS.timeMs;
    const answer = Promise.withResolvers<FuzzResult>();
    const broken = (kind: Crash['kind'], message: string): void => {
      this.#worker = undefined;
      void worker.terminate();
      answer.resolve(this.#brokenBy({ input: this.#lastInput(), kind, message }));
    };
    const onError = (error: unknown): void => broken('ends', String(error));
    const onExit = (code: number): void => broken('ends', `the thread ended with ${code}`);
    const timer = this.#watch(HANG_MS + TRIES * timeMs, () => broken('hangs', 'it does not end'));
    worker.once('message', answer.resolve);
    worker.once('error', onError);
    worker.once('exit', onExit);
    worker.postMessage(task);
    const result = await answer.promise;
    clearInterval(timer);
    worker.off('error', onError).off('exit', onExit);
    return result;
  }

  /** No further input is begun; what was found until then is the result. */
  stop(): void {
    Atomics.store(this.#shared.head, 2, 1);
  }

  async close(): Promise<void> {
    await (await this.#worker)?.terminate();
    this.#worker = undefined;
  }

  /** Calls when no input was begun for this long. */
  #watch(ms: number, onHang: () => void): NodeJS.Timeout {
    let begun = -1;
    let since = performance.now();
    return setInterval(() => {
      const now = Atomics.load(this.#shared.head, 0);
      if (now !== begun) {
        begun = now;
        since = performance.now();
      } else if (performance.now() - since > ms) onHang();
    }, LOOK_MS);
  }

  #lastInput(): Uint8Array {
    return Uint8Array.from(this.#shared.bytes.subarray(0, this.#shared.head[1]));
  }

  #brokenBy(crash: Crash): FuzzResult {
    return { tried: 1, slowestMs: 0, outcomes: {}, crashes: [crash], found: [], covered: 0 };
  }

  async #start(): Promise<Worker> {
    const worker = new Worker(new URL('./fuzz-worker.ts', import.meta.url), {
      workerData: { modules: this.#modules, shared: this.#shared },
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
    });
    await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    return worker;
  }
}
