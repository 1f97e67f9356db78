/**
 * NumberedReads: reads of queues, each with a number. What a read of a group claimed is lost to its reader when the answer
 * gets lost: the next read of the same lease names such reads, and their claims count no more.
 */
import type { Lease } from '../store.ts';
import { nameOfQueue, queueSpecOf } from './queue-id.ts';
import type { RedisLink } from './redis-link.ts';

/** Numbers remembered for one lease; a connection that fails more often than this between two answers is no connection. */
const LOST_MAX = 64;
/** Leases that are remembered; the first of them make room. */
const LEASES_MAX = 1_024;

export class NumberedReads {
  readonly #link: RedisLink;
  /** By queue and epoch. Kept after a good answer too: nobody can know any more what those reads claimed. */
  readonly #lost = new Map<string, string[]>();
  #number = 0;

  constructor(link: RedisLink) {
    this.#link = link;
  }

  /** Runs the read script; waits a moment where Redis is away. @throws RedisFault. */
  async run(queueId: string, { node, epoch }: Lease, request: readonly string[]): Promise<unknown> {
    await this.#link.ready();
    const key = `${queueId} ${epoch}`;
    this.#number += 1;
    const number = String(this.#number);
    const lost = this.#lost.get(key)?.join(',') ?? '';
    try {
      return await this.#link.script('read', [queueId, node, String(epoch), number, lost, ...request], true);
    } catch (error) {
      if (queueSpecOf(nameOfQueue(queueId)).kind === 'group') this.#noteLost(key, number);
      throw error;
    }
  }

  #noteLost(key: string, number: string): void {
    const numbers = this.#lost.get(key) ?? [];
    numbers.push(number);
    if (numbers.length > LOST_MAX) numbers.shift();
    this.#lost.set(key, numbers);
    if (this.#lost.size <= LEASES_MAX) return;
    const [first] = this.#lost.keys();
    if (first !== undefined) this.#lost.delete(first);
  }
}
