/**
 * RedisNodeBus: messages from node to node by pub/sub, each node on a channel of its own. Its connection is its own too: however
 * large messages are and however many, what has the nodes go on (node-life.ts) does not wait behind them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicNow } from '@sealane/node/transport';
import type { NodeBus } from '../node-bus.ts';
import { RedisConnection } from './redis-connection.ts';

export interface RedisNodeBusOptions {
  readonly url: string;
  readonly prefix: string;
  /** Name of this node, unique for each of its lives. */
  readonly node: string;
  /** Between 0 and 1; spreads the returns of many nodes. */
  readonly random: () => number;
}

/** Bytes that may wait for Redis before nothing large is added. */
const UNSENT_BYTES_MAX = 16_777_216;
/** How long `close` waits for what is being sent. */
const CLOSE_WAIT_MS = 500;
const CLOSE_LOOK_MS = 5;

export class RedisNodeBus implements NodeBus {
  readonly node: string;
  readonly #prefix: string;
  readonly #connection: RedisConnection;
  #onMessage: ((message: Uint8Array) => void) | undefined;
  #unsentBytes = 0;

  constructor({ url, prefix, node, random }: RedisNodeBusOptions) {
    this.node = node;
    this.#prefix = prefix;
    this.#connection = new RedisConnection({
      url,
      random,
      start: async (_send, client) => {
        const onBytes = ({ buffer, byteOffset, length }: Buffer): void =>
          this.#onMessage?.(new Uint8Array(buffer, byteOffset, length));
        await client.subscribe(this.#channelOf(node), onBytes, true);
      },
      onReady: () => undefined,
      // The connection of the store tells of an outage.
      onFault: () => undefined,
      onAnswering: () => undefined,
    });
  }

  get isFull(): boolean {
    return this.#unsentBytes >= UNSENT_BYTES_MAX;
  }

  async open(onMessage: (message: Uint8Array) => void): Promise<void> {
    this.#onMessage = onMessage;
    await this.#connection.open();
  }

  async send(node: string, message: Uint8Array): Promise<boolean> {
    const bytes = Buffer.from(message.buffer, message.byteOffset, message.length);
    this.#unsentBytes += bytes.length;
    try {
      const receivers = await this.#connection.send(['PUBLISH', this.#channelOf(node), bytes]);
      return Number(receivers) > 0;
    } finally {
      this.#unsentBytes -= bytes.length;
    }
  }

  async close(): Promise<void> {
    const endAt = monotonicNow() + CLOSE_WAIT_MS;
    while (this.#unsentBytes > 0 && this.#connection.isReady && monotonicNow() < endAt) await sleep(CLOSE_LOOK_MS);
    this.#onMessage = undefined;
    this.#connection.close();
  }

  #channelOf(node: string): string {
    return `${this.#prefix}relay:${node}`;
  }
}
