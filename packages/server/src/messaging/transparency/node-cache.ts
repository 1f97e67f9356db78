/** NodeCache: nodes of the transparency log that were used last, in front of the store that has all of them. */
import type { NodeAddress } from '@sealane/shared/transparency';
import { RecentMap } from '../accounts/recent-map.ts';
import type { Node, NodeTable } from '../store/transparency-tables.ts';
import type { ServiceStore } from '../store/service-store.ts';

/** Some 100 B each. */
const NODES_MAX = 200_000;

export class NodeCache {
  readonly #store: Pick<ServiceStore, 'ask'>;
  readonly #table: NodeTable;
  readonly #nodes = new RecentMap<Uint8Array>(NODES_MAX);

  constructor(store: Pick<ServiceStore, 'ask'>, table: NodeTable) {
    this.#store = store;
    this.#table = table;
  }

  /** @throws StorageError. */
  readonly read = async (address: NodeAddress): Promise<Uint8Array | undefined> => {
    const known = this.#nodes.get(address);
    if (known !== undefined) return known;
    const node = await this.#store.ask('readNode', { table: this.#table, address });
    if (node !== undefined) this.#nodes.set(address, node);
    return node;
  };

  /** They are stored. */
  note(nodes: readonly Node[]): void {
    for (const { address, node } of nodes) this.#nodes.set(address, node);
  }
}
