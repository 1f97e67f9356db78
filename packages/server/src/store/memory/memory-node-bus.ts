/** MemoryNodeBus: nodes of one process that reach each other, with the faults of a real way. For tests. */
import { StorageError } from '@sealane/shared/errors';
import type { NodeBus } from '../node-bus.ts';

/** The way between nodes, and what is wrong with it. */
export class MemoryNodeWay {
  readonly buses = new Map<string, MemoryNodeBus>();
  /** Whether nothing can be sent. */
  isAway = false;
  /** Says which messages get lost. */
  loses: (to: string, message: Uint8Array) => boolean = () => false;

  bus(node: string): MemoryNodeBus {
    return new MemoryNodeBus(this, node);
  }
}

/** One node on the way. Messages arrive in a later turn, in order. */
export class MemoryNodeBus implements NodeBus {
  readonly node: string;
  isFull = false;
  readonly #way: MemoryNodeWay;
  #onMessage: ((message: Uint8Array) => void) | undefined;

  constructor(way: MemoryNodeWay, node: string) {
    this.#way = way;
    this.node = node;
  }

  open(onMessage: (message: Uint8Array) => void): Promise<void> {
    this.#onMessage = onMessage;
    this.#way.buses.set(this.node, this);
    return Promise.resolve();
  }

  async send(node: string, message: Uint8Array): Promise<boolean> {
    await Promise.resolve();
    if (this.#way.isAway) throw new StorageError('E_STORE_UNAVAILABLE', 'the way is gone');
    const bus = this.#way.buses.get(node);
    if (bus === undefined) return false;
    if (!this.#way.loses(node, message)) bus.#onMessage?.(message.slice());
    return true;
  }

  close(): Promise<void> {
    if (this.#way.buses.get(this.node) === this) this.#way.buses.delete(this.node);
    this.#onMessage = undefined;
    return Promise.resolve();
  }
}
