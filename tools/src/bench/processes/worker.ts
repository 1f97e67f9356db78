/** A child process of the bench: the server or the client of one contender, driven by the calls of messages.ts. */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  loadContender,
  type Connection,
  type ContenderName,
  type Serving,
  type ServerSetup,
  type Target,
} from '../contenders/index.ts';
import { startLoad, type Load, type LoadPlan } from '../loads/index.ts';
import { percentile } from '../report/statistics.ts';
import type { Answer, Call, CallName, Calls, Mark } from './messages.ts';

/** Connections that are being made at once, well below every backlog. */
const CONNECTS_AT_ONCE = 64;
/** Looking costs about 0.4 ms. */
const MEMORY_LOOK_MS = 25;
const PROFILE_INTERVAL_US = 250;
const COLLECTIONS = 4;

type Implementation = {
  [Name in CallName]: (...parameters: Parameters<Calls[Name]>) => Promise<ReturnType<Calls[Name]>>;
};

/** Answers calls until told to exit. */
export function runWorker(): void {
  const worker = new Worker();
  process.on('message', (call: Call) => {
    void answer(worker, call).then((message) => process.send?.(message));
  });
  process.on('disconnect', () => process.exit(0));
  // The bench ends its children itself, and a program of another maker ends with the child that started it.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => process.exit(0));
}

async function answer(worker: Worker, { id, name, parameters }: Call): Promise<Answer> {
  try {
    const methods = worker as unknown as Record<CallName, (...parameters: readonly unknown[]) => Promise<unknown>>;
    return { id, value: await methods[name](...parameters) };
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

class Worker implements Implementation {
  readonly #connections: Connection[] = [];
  #serving: Serving | undefined;
  #load: Load | undefined;
  #startedAt = 0;
  #rssPeakBytes = 0;
  #inspector: Session | undefined;

  async serve(name: ContenderName, setup: ServerSetup): Promise<ReturnType<Calls['serve']>> {
    const contender = await loadContender(name);
    this.#serving = await contender.serve(setup);
    const { port, fingerprint } = this.#serving;
    return { port, ...(fingerprint !== undefined && { fingerprint }) };
  }

  async connect(name: ContenderName, target: Target, hosts: readonly string[], connections: number): Promise<number> {
    const contender = await loadContender(name);
    const end = this.#connections.length + connections;
    let next = this.#connections.length;
    const connectSome = async (): Promise<void> => {
      while (next < end) {
        const index = next++;
        const host = hosts[index % hosts.length] ?? target.host;
        this.#connections.push(await contender.connect({ ...target, host }, index));
      }
    };
    await Promise.all(Array.from({ length: CONNECTS_AT_ONCE }, connectSome));
    this.#connect = (index) =>
      contender.connect({ ...target, host: hosts[index % hosts.length] ?? target.host }, index);
    return this.#connections.length;
  }

  start(plan: LoadPlan): Promise<null> {
    if (this.#connect === undefined) throw new TypeError('a load starts after "connect"');
    this.#startedAt = performance.now();
    this.#load = startLoad(plan, { connections: this.#connections, connect: this.#connect });
    // A load that fails before anybody waits for it must not end the process: `finish` and `stop` tell.
    this.#load.finished.catch(() => undefined);
    return Promise.resolve(null);
  }

  async finish(): Promise<number> {
    await this.#load?.finished;
    return performance.now() - this.#startedAt;
  }

  latencies(): Promise<{ count: number; p50: number; p99: number }> {
    const samples = (this.#load?.takeLatencies() ?? new Float64Array(0)).sort();
    const count = samples.length;
    return Promise.resolve({ count, p50: percentile(samples, 50), p99: percentile(samples, 99) });
  }

  async stop(): Promise<null> {
    await this.#load?.stop();
    this.#load = undefined;
    return null;
  }

  async mark({ collect }: { collect: boolean }): Promise<Mark> {
    if (collect) await collectGarbage();
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, external } = process.memoryUsage();
    return {
      atMs: performance.now(),
      cpuUs: user + system + (this.#serving?.cpuUs?.() ?? 0),
      count: this.#load?.done() ?? this.#serving?.received() ?? 0,
      established: this.#serving?.established() ?? 0,
      rssBytes: rss,
      rssPeakBytes: Math.max(rss, this.#rssPeakBytes),
      heapBytes: heapUsed,
      externalBytes: external,
    };
  }

  watchMemory(): Promise<null> {
    this.#rssPeakBytes = process.memoryUsage.rss();
    setInterval(() => {
      this.#rssPeakBytes = Math.max(this.#rssPeakBytes, process.memoryUsage.rss());
    }, MEMORY_LOOK_MS).unref();
    return Promise.resolve(null);
  }

  async startProfile(): Promise<null> {
    this.#inspector = new Session();
    this.#inspector.connect();
    await this.#inspector.post('Profiler.enable');
    await this.#inspector.post('Profiler.setSamplingInterval', { interval: PROFILE_INTERVAL_US });
    await this.#inspector.post('Profiler.start');
    return null;
  }

  async stopProfile(path: string): Promise<null> {
    const result = await this.#inspector?.post('Profiler.stop');
    writeFileSync(path, JSON.stringify(result?.profile));
    return null;
  }

  /** Answers first. */
  exit(): Promise<null> {
    setImmediate(() => process.exit(0));
    return Promise.resolve(null);
  }

  #connect: ((index: number) => Promise<Connection>) | undefined;
}

/**
 * What is left is what is held. Several times over: what finalizers free is gone only at the next collection. Of the kind
 * after which V8 keeps no empty pages in reserve: they grow with the garbage of connecting, not with connections.
 */
async function collectGarbage(): Promise<void> {
  if (globalThis.gc === undefined) throw new TypeError('memory is measured with --expose-gc');
  for (let round = 0; round < COLLECTIONS; round++) {
    globalThis.gc({ type: 'major', flavor: 'last-resort', execution: 'sync' });
    await sleep(50);
  }
}
