/** isWalkable: asked before `ts-mls` walks a tree that somebody else describes. */
import { DEVICES_PER_GROUP_MAX } from '@sealane/shared/packets';
import { type RatchetTree } from 'ts-mls/ratchetTree.js';
import { leafWidth, nodeWidth } from 'ts-mls/treemath.js';

/** Devices take the first leaf that is blank, so that a tree never has more leaves than there were devices at once. */
const NODES_MAX = nodeWidth(DEVICES_PER_GROUP_MAX);

/**
 * Whether `ts-mls` may walk a tree: an index outside of it would lead round for ever, and one that is mostly blank
 * costs without end. So it has the nodes of a largest group at most, and unmerged leaves in order and inside. It may be
 * invalid otherwise.
 */
export function isWalkable(tree: RatchetTree): boolean {
  if (tree.length > NODES_MAX) return false;
  const leaves = leafWidth(tree.length);
  return tree.every((node) => node?.nodeType !== 'parent' || isAscending(node.parent.unmergedLeaves, leaves));
}

/** RFC 9420 §7.1: in increasing order, and so each once. */
function isAscending(indices: readonly number[], end: number): boolean {
  return indices.every((index, place) => index < end && index > (indices[place - 1] ?? -1));
}
