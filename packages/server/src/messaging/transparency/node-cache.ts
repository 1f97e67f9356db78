/** NodeCache: nodes of the transparency log that were used last, in front of the store that has all of them. */
import type { NodeAddress } from '@sealane/shared/transparency';
import type { Node, NodeTable } from '../store/transparency-tables.ts';
import type { ServiceStore } from '../store/service-store.ts';

/** Some 100 B each. */
const NODES_MAX = 200_000;

export class NodeCache {
  readonly #store: Pick<ServiceStore, 'ask'>;
  readonly #table: NodeTable;
  readonly #nodes = new Map<NodeAddress, Uint8Array>();

  constructor(store: Pick<ServiceStore, 'ask'>, table: NodeTable) {
    this.#store = store;
    this.#table = table;
  }

  /** @throws StorageError. */
  readonly read = async (address: NodeAddress): Promise<Uint8Array | undefined> => {
    const known = this.#nodes.get(address);
    if (known !== undefined) return known;
    const node = await this.#store.ask('readNode', { table: this.#table, address });
    if (node !== undefined) this.#keep(address, node);
    return node;
  };

  /** They are stored. */
  note(nodes: readonly Node[]): void {
    for (const { address, node } of nodes) this.#keep(address, node);
  }

  #keep(address: NodeAddress, node: Uint8Array): void {
    this.#nodes.delete(address);
    this.#nodes.set(address, node);
    if (this.#nodes.size <= NODES_MAX) return;
    const [oldest] = this.#nodes.keys();
    if (oldest !== undefined) this.#nodes.delete(oldest);
  }
}
