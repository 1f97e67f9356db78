/**
 * RedisFigures: figures of a store on Redis, for metrics. Sums come along with the answers of scripts; what other nodes did
 * is looked up when somebody asks, at most every few seconds.
 */
import { monotonicNow } from '@sealane/node/transport';
import { Histogram } from '../histogram.ts';
import type { StoreFigures } from '../store.ts';
import type { RedisLink } from './redis-link.ts';

const LOOK_MS = 5_000;

type Sums = Pick<StoreFigures, 'queues' | 'waiting' | 'deadLetters' | 'bytes'>;

export class RedisFigures {
  readonly #link: RedisLink;
  readonly #prefix: string;
  #sums: Sums = { queues: 0, waiting: 0, deadLetters: 0, bytes: 0 };
  #lookedAt = -Infinity;
  #commits = 0;
  #commitSeconds = 0;
  readonly #commitHistogram = new Histogram();

  constructor(link: RedisLink, prefix: string) {
    this.#link = link;
    this.#prefix = prefix;
  }

  /** As they were a moment ago: whoever asks sets the next look off. */
  get value(): StoreFigures {
    if (monotonicNow() - this.#lookedAt > LOOK_MS && this.#link.isReady) {
      this.look().catch(() => undefined);
    }
    const commits = {
      commits: this.#commits,
      commitSeconds: this.#commitSeconds,
      commitHistogram: this.#commitHistogram,
    };
    return { ...this.#sums, ...commits, operations: this.#link.commands, freeDiskBytes: undefined };
  }

  /** Takes note of sums that came with an answer; empty ones did not change. */
  note(sums: Partial<Record<'queues' | 'waiting' | 'deadLetters', string>>): void {
    for (const [name, sum] of Object.entries(sums)) if (sum !== '') this.#sums = { ...this.#sums, [name]: Number(sum) };
  }

  noteCommit(seconds: number): void {
    this.#commits += 1;
    this.#commitSeconds += seconds;
    this.#commitHistogram.observe(seconds);
  }

  /** Asks Redis for all of them. @throws RedisFault. */
  async look(): Promise<void> {
    this.#lookedAt = monotonicNow();
    const [queues, waiting, deadLetters, memory] = await Promise.all([
      this.#link.send(['SCARD', `${this.#prefix}queues`]),
      this.#link.send(['HGET', `${this.#prefix}meta`, 'waiting']),
      this.#link.send(['ZCARD', `${this.#prefix}deads`]),
      this.#link.send(['INFO', 'memory']),
    ]);
    const bytes = Number(/used_memory:(\d+)/.exec(String(memory))?.[1]);
    this.#sums = { queues: Number(queues), waiting: Number(waiting), deadLetters: Number(deadLetters), bytes };
  }
}
