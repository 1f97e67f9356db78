/**
 * Steps: how builders of trees get at stored nodes. A builder is a generator that yields the address of the node that it
 * needs next, so that the same code runs over a store that answers at once and over one that takes its time.
 */

/** Where a node is stored. The log and the map have addresses, and tables, of their own. */
export type NodeAddress = string;

/** A computation that asks for nodes; undefined for one that is not there. */
export type Steps<T> = Generator<NodeAddress, T, Uint8Array | undefined>;

/** A node to be stored, in place of what was at its address. */
export interface NodeWrite {
  readonly address: NodeAddress;
  readonly node: Uint8Array;
}

/** Runs steps over a store that answers at once. */
export function runSteps<T>(steps: Steps<T>, read: (address: NodeAddress) => Uint8Array | undefined): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next(read(step.value));
  return step.value;
}

/** Runs steps over a store that takes its time. Nobody may write meanwhile. */
export async function runStepsAsync<T>(
  steps: Steps<T>,
  read: (address: NodeAddress) => Promise<Uint8Array | undefined>,
): Promise<T> {
  let step = steps.next();
  while (step.done !== true) step = steps.next(await read(step.value));
  return step.value;
}
