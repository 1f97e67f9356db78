/**
 * QueueReads: reads of queues, each with a number. What a read of a group claimed is lost to its reader when the answer gets
 * lost: then it is given up, by the number that stands in its claims.
 */
import { StorageError } from '@sealane/shared/errors';
import type { Lease } from '../store.ts';
import { nameOfQueue, queueSpecOf } from './queue-id.ts';
import { RedisFault } from './redis-fault.ts';
import type { RedisLink } from './redis-link.ts';

/** First word of a request for single entries: they are in the hands of their reader already. */
export const AGAIN = 'again';

const FENCED = 'fenced';
const LAPSED = 'lapsed';

export class QueueReads {
  readonly #link: RedisLink;
  readonly #giveUp: (queueId: string, readNumber: number, lease: Lease) => void;
  #number = 0;

  /** @param giveUp frees what a read claimed. */
  constructor(link: RedisLink, giveUp: (queueId: string, readNumber: number, lease: Lease) => void) {
    this.#link = link;
    this.#giveUp = giveUp;
  }

  /** Runs the read script; waits a moment where Redis is away. @throws RedisFault, StorageError `E_FENCED`. */
  async run(queueId: string, lease: Lease, request: readonly string[]): Promise<unknown> {
    await this.#link.ready();
    this.#number += 1;
    const number = this.#number;
    const args = [queueId, lease.node, String(lease.epoch), String(number), ...request];
    let reply: unknown;
    try {
      reply = await this.#link.script('read', args, true);
    } catch (error) {
      const mayHaveClaimed = request[0] !== AGAIN && queueSpecOf(nameOfQueue(queueId)).kind === 'group';
      if (mayHaveClaimed) this.#giveUp(queueId, number, lease);
      throw error;
    }
    const word = Buffer.isBuffer(reply) ? reply.toString() : '';
    if (word === FENCED) throw new StorageError('E_FENCED');
    if (word !== LAPSED) return reply;
    // This node was away for too long; the start of a connection makes its lease anew.
    this.#link.renew();
    throw RedisFault.down();
  }
}
