/** A process of the load: some of the agents, driven by the calls of messages.ts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentTally, type AgentsPlan } from './agents-plan.ts';
import { cutClientSockets, followClientSockets } from './client-sockets.ts';
import { LoadAgent } from './load-agent.ts';
import type { Answer, Call, CallName, Calls, Collected, Storm, WorkerStatus } from './messages.ts';
import { Pacer } from './pacer.ts';

/** Agents that are being connected at once, below every backlog and limit. */
const CONNECTS_AT_ONCE = 64;
/** Events without a receipt; above it the load waits, which its latencies show. */
const IN_FLIGHT_MAX = 50_000;
const STORM_LOOK_MS = 5;
const STORM_MS_MAX = 120_000;

type Implementation = {
  [Name in CallName]: (...parameters: Parameters<Calls[Name]>) => Promise<ReturnType<Calls[Name]>>;
};

/** Answers calls until its parent is gone. */
export function runWorker(): void {
  const worker = new LoadWorker();
  // A terminal and `timeout` send them to every process of the group; the parent decides.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  process.on('message', (call: Call) => {
    void answer(worker, call).then((message) => process.send?.(message));
  });
  process.on('disconnect', () => process.exit(0));
}

async function answer(worker: LoadWorker, { id, name, parameters }: Call): Promise<Answer> {
  try {
    const methods = worker as unknown as Record<CallName, (...parameters: readonly unknown[]) => Promise<unknown>>;
    return { id, value: await methods[name](...parameters) };
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

class LoadWorker implements Implementation {
  readonly #tally = new AgentTally();
  readonly #agents: LoadAgent[] = [];
  #plan: AgentsPlan | undefined;
  #pacer: Pacer | undefined;

  async connect(plan: AgentsPlan): Promise<null> {
    this.#plan = plan;
    followClientSockets();
    let next = plan.first;
    const connectSome = async (): Promise<void> => {
      while (next < plan.end) {
        const agent = new LoadAgent(next++, plan, this.#tally);
        await agent.start();
        this.#agents.push(agent);
      }
    };
    await Promise.all(Array.from({ length: CONNECTS_AT_ONCE }, connectSome));
    return null;
  }

  start(): Promise<null> {
    const { eventsPerSecond, mix } = this.#present();
    const weights = mix.publish + mix.request;
    if (eventsPerSecond === 0 || weights === 0) return Promise.resolve(null);
    this.#pacer = new Pacer(eventsPerSecond, (index, dueAt) => {
      const agent = this.#agents[index % this.#agents.length];
      const turn = Math.floor(index / this.#agents.length) + index;
      if (turn % weights < mix.publish) agent?.publish(dueAt);
      else agent?.request(dueAt);
      return this.#tally.published - this.#tally.receipts < IN_FLIGHT_MAX;
    });
    return Promise.resolve(null);
  }

  status(): Promise<WorkerStatus> {
    const { published, requested, receipts, replies, deliveries, deliveryLatencies, receiptLatencies } = this.#tally;
    const connected = this.#agents.filter(({ isConnected }) => isConnected).length;
    const { counts } = deliveries > 0 ? deliveryLatencies : receiptLatencies;
    return Promise.resolve({ connected, published, requested, receipts, replies, deliveries, latencies: counts });
  }

  async storm(): Promise<Storm> {
    const startedAt = performance.now();
    const backMs: number[] = [];
    this.#tally.onConnected = () => void backMs.push(performance.now() - startedAt);
    const cut = cutClientSockets();
    const away = (): number => this.#agents.filter(({ isConnected }) => !isConnected).length;
    while (backMs.length < cut || away() > 0) {
      if (performance.now() - startedAt > STORM_MS_MAX) break;
      await sleep(STORM_LOOK_MS);
    }
    this.#tally.onConnected = undefined;
    return { cut, away: away(), backMs: Float64Array.from(backMs) };
  }

  stop(): Promise<null> {
    this.#pacer?.stop();
    return Promise.resolve(null);
  }

  collect(): Promise<Collected> {
    const { receiptLatencies, deliveryLatencies, replyLatencies, errors, lost } = this.#tally;
    return Promise.resolve({
      published: this.#agents.map((agent) => agent.published),
      delivered: this.#agents.flatMap((agent) => agent.delivered ?? []),
      receiptLatencies: receiptLatencies.counts,
      deliveryLatencies: deliveryLatencies.counts,
      replyLatencies: replyLatencies.counts,
      errors: [...errors],
      lost: [...lost],
    });
  }

  async close(): Promise<null> {
    await Promise.all(this.#agents.map((agent) => agent.close()));
    return null;
  }

  #present(): AgentsPlan {
    if (this.#plan === undefined) throw new TypeError('work starts after "connect"');
    return this.#plan;
  }
}
