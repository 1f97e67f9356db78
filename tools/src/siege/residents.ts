/** Residents: agents that behave, with the times in which they are served. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Agent } from '@sealane/agent';
import type { Target } from './peers/target.ts';

/** What the residents noticed. */
export interface ResidentTimes {
  /** Ascending, in ms. */
  readonly requestMs: readonly number[];
  /** From publishing an event to its delivery to another resident, ascending, in ms. */
  readonly eventMs: readonly number[];
  /** Connections that were lost, and requests and events that failed, by code. */
  readonly failures: Readonly<Record<string, number>>;
}

const PAUSE_MS = 25;
const REQUEST_BYTES = 256;
/** So many requests come to one event. */
const REQUESTS_PER_EVENT = 4;

export class Residents {
  readonly #agents: Agent[] = [];
  #requestMs: number[] = [];
  #eventMs: number[] = [];
  #failures = new Map<string, number>();
  #isOver = false;
  #work: Promise<unknown> | undefined;

  /** Connects all, each with a subscription that the one before it publishes to. @param stop ends that early. */
  async start({ host, port }: Target, count: number, stop: AbortSignal): Promise<void> {
    for (let index = 0; index < count && !stop.aborted; index++) {
      const agent = await connect({ server: { host, port }, id: `resident-${index}` });
      agent.on('reconnecting', ({ reason }) => this.#fail(`connection lost: ${reason}`));
      const subscription = agent.subscribe(topicOf(index), ({ body }) => {
        this.#eventMs.push(performance.now() - Buffer.from(body).readDoubleBE());
      });
      await subscription.ready;
      this.#agents.push(agent);
    }
    this.#work = Promise.all(this.#agents.map((agent, index) => this.#live(agent, (index + 1) % count)));
  }

  /** What they noticed since the last call. */
  take(): ResidentTimes {
    const times = {
      requestMs: this.#requestMs.sort((left, right) => left - right),
      eventMs: this.#eventMs.sort((left, right) => left - right),
      failures: Object.fromEntries(this.#failures),
    };
    this.#requestMs = [];
    this.#eventMs = [];
    this.#failures = new Map();
    return times;
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#agents.map((agent) => agent.close()));
    await this.#work;
  }

  async #live(agent: Agent, next: number): Promise<void> {
    const body = new Uint8Array(REQUEST_BYTES);
    for (let count = 0; !this.#isOver; count++) {
      const startedAt = performance.now();
      await this.#attempt(agent.request('echo', body));
      this.#requestMs.push(performance.now() - startedAt);
      if (count % REQUESTS_PER_EVENT === 0) {
        const event = Buffer.alloc(REQUEST_BYTES);
        event.writeDoubleBE(performance.now());
        await this.#attempt(agent.publish(`topic:${topicOf(next)}`, event));
      }
      await sleep(PAUSE_MS);
    }
  }

  async #attempt(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!this.#isOver) this.#fail((error as { readonly code?: string }).code ?? String(error));
    }
  }

  #fail(reason: string): void {
    this.#failures.set(reason, (this.#failures.get(reason) ?? 0) + 1);
  }
}

function topicOf(index: number): string {
  return `siege.resident.${index}`;
}
