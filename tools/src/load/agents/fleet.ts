/** Fleet: all agents of a load, over as many processes as asked for. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadOptions } from '../options.ts';
import { Histogram } from '../report/histogram.ts';
import type { CallName, Calls, Collected, Storm, WorkerStatus } from './messages.ts';
import { WorkerProcess } from './worker-process.ts';

/** Where the agents connect to. */
export interface FleetTarget {
  readonly host: string;
  readonly port: number;
  readonly serverKey: string | undefined;
}

/** All agents at one moment. */
export interface FleetStatus extends Omit<WorkerStatus, 'latencies'> {
  readonly latencies: Histogram;
}

const RUN_BYTES = 4;
const LOOPBACK = '127.0.0.1';
/** A pair of addresses has some 28,000 ports: beyond that more addresses of the loopback network are needed. */
const AGENTS_PER_ADDRESS = 20_000;
const SETTLE_LOOK_MS = 100;

export class Fleet {
  readonly #options: LoadOptions;
  readonly #workers: readonly WorkerProcess[];

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#workers = Array.from({ length: options.processes }, () => new WorkerProcess());
  }

  /** Connects everybody. */
  async connect({ host, port, serverKey }: FleetTarget): Promise<void> {
    const { agents, eventsPerSecond, eventBytes, mix, tokens, topics } = this.#options;
    const count = this.#workers.length;
    const run = randomBytes(RUN_BYTES).toString('hex');
    const plan = { run, hosts: hostsFor(host, agents), port, serverKey, tokens, topics, eventBytes, mix };
    await this.#each('connect', (index) => {
      const [first, end] = [Math.floor((agents * index) / count), Math.floor((agents * (index + 1)) / count)];
      return [{ ...plan, first, end, eventsPerSecond: (eventsPerSecond * (end - first)) / agents }];
    });
  }

  async start(): Promise<void> {
    await this.#each('start', () => []);
  }

  async stop(): Promise<void> {
    await this.#each('stop', () => []);
  }

  async storm(): Promise<Storm> {
    const storms = await this.#each('storm', () => []);
    return {
      cut: storms.reduce((sum, { cut }) => sum + cut, 0),
      away: storms.reduce((sum, { away }) => sum + away, 0),
      backMs: Float64Array.from(storms.flatMap(({ backMs }) => [...backMs])).sort(),
    };
  }

  async status(): Promise<FleetStatus> {
    const all = await this.#each('status', () => []);
    const latencies = new Histogram();
    for (const each of all) latencies.merge(each.latencies);
    const total = (valueOf: (status: WorkerStatus) => number): number =>
      all.reduce((sum, each) => sum + valueOf(each), 0);
    return {
      connected: total(({ connected }) => connected),
      published: total(({ published }) => published),
      requested: total(({ requested }) => requested),
      receipts: total(({ receipts }) => receipts),
      replies: total(({ replies }) => replies),
      deliveries: total(({ deliveries }) => deliveries),
      latencies,
    };
  }

  /** Resolves when every receipt and delivery has come, or nothing has come for so long. */
  async settled(quietMs: number): Promise<void> {
    const { agents, topics, mix } = this.#options;
    let quietSince = performance.now();
    let before = -1;
    while (performance.now() - quietSince < quietMs) {
      const { published, requested, receipts, replies, deliveries } = await this.status();
      const isAnswered = receipts === published && replies === requested;
      // Exact where every topic has as many subscribers; else the quiet time decides.
      const isEven = agents % topics === 0;
      if (isAnswered && (!mix.subscribe || (isEven && deliveries >= (receipts * agents) / topics))) return;
      const sum = receipts + replies + deliveries;
      if (sum !== before) quietSince = performance.now();
      before = sum;
      await sleep(SETTLE_LOOK_MS);
    }
  }

  collect(): Promise<Collected[]> {
    return this.#each('collect', () => []);
  }

  async close(): Promise<void> {
    await this.#each('close', () => []);
  }

  /** Ends the processes. */
  end(): void {
    for (const worker of this.#workers) worker.end();
  }

  async #each<Name extends CallName>(
    name: Name,
    parametersOf: (index: number) => Parameters<Calls[Name]>,
  ): Promise<ReturnType<Calls[Name]>[]> {
    return await Promise.all(this.#workers.map((worker, index) => worker.call(name, ...parametersOf(index))));
  }
}

function hostsFor(host: string, agents: number): readonly string[] {
  if (host !== LOOPBACK) return [host];
  return Array.from({ length: Math.ceil(agents / AGENTS_PER_ADDRESS) }, (_, index) => `127.0.0.${index + 1}`);
}
