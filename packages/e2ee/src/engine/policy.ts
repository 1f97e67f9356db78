/** What a commit may do, whoever sends it. Every member asks the same, so that no member follows a bad one. */
import { equalBytes } from '@sealane/shared/bytes';
import { DEVICES_PER_GROUP_MAX } from '@sealane/shared/packets';
import { type KeyPackage, type Proposal } from 'ts-mls';
import { type LeafNode } from 'ts-mls/leafNode.js';
import { LIFETIME_SECONDS_MAX, memberOf, type LeafJudge, type Member } from '../mls/index.ts';
import { DIRECT_ACCOUNTS_MAX } from './group-kind.ts';
import { countAccounts, isSameDevice } from './membership.ts';

export interface CommitContent {
  readonly proposals: readonly Proposal[];
  readonly members: readonly Member[];
  readonly isDirect: boolean;
  /** Leaf of whoever joins by the commit itself; undefined for a commit of a member. */
  readonly joiner?: LeafNode;
}

/** Why a commit is refused; undefined for one that is fine. Whom the judge does not know, it remembers itself. */
export function commitFault(content: CommitContent, judge: LeafJudge): string | undefined {
  const { proposals, members, isDirect, joiner } = content;
  // Before anything walks the tree of the group, or compares them all with each other.
  if (proposals.length > 2 * DEVICES_PER_GROUP_MAX) return 'has more proposals than a group has room for';
  const leaves = proposals.flatMap((proposal) =>
    proposal.proposalType === 'add' ? [proposal.add.keyPackage.leafNode] : [],
  );
  const removed = new Set(
    proposals.flatMap((proposal) => (proposal.proposalType === 'remove' ? [proposal.remove.removed] : [])),
  );
  const kinds = joiner === undefined ? ['add', 'remove'] : ['external_init', 'remove'];
  const other = proposals.find(({ proposalType }) => !kinds.includes(`${proposalType}`));
  if (other !== undefined) return `proposal "${other.proposalType}" is not allowed`;
  if (![...removed].every((index) => members.some(({ leafIndex }) => leafIndex === index))) return 'removes nobody';
  if (members.length - removed.size + leaves.length > DEVICES_PER_GROUP_MAX) return 'adds too many devices';
  return addFault(leaves, { members, isDirect }, judge) ?? (joiner && joinFault(joiner, removed, members, judge));
}

function addFault(
  leaves: readonly KeyPackage['leafNode'][],
  { members, isDirect }: Pick<CommitContent, 'members' | 'isDirect'>,
  judge: LeafJudge,
): string | undefined {
  const known = leaves.map((leaf) => memberOf(leaf, 0)).filter((member) => member !== undefined);
  if (known.length < leaves.length) return 'adds a leaf that names no device';
  // `ts-mls` knows this limit and never asks for it.
  if (leaves.some(isTooLong)) return 'adds a key package that is valid for too long';
  // All are judged, so that all who are unknown are remembered.
  const standings = known.map((member) => judge.standingOf(member));
  if (standings.includes('revoked')) return 'adds a device that was revoked';
  const isThird = isDirect && known.length > 0 && countAccounts([...members, ...known]) > DIRECT_ACCOUNTS_MAX;
  return isThird ? 'adds a third account to a chat of two' : undefined;
}

/** RFC 9420 §7.2: what one device hands out is good for a while only, so that old private keys can go. */
export function isTooLong({ lifetime: { notBefore, notAfter } }: KeyPackage['leafNode']): boolean {
  return notAfter - notBefore > LIFETIME_SECONDS_MAX;
}

function joinFault(
  leaf: LeafNode,
  removed: ReadonlySet<number>,
  members: readonly Member[],
  judge: LeafJudge,
): string | undefined {
  const joining = memberOf(leaf, 0);
  if (joining === undefined) return 'joins with a leaf that names no device';
  if (judge.standingOf(joining) === 'revoked') return 'joins with a device that was revoked';
  if (!members.some(({ accountId }) => equalBytes(accountId, joining.accountId))) {
    return 'joins for an account that is not in the group';
  }
  const former = members.filter((member) => isSameDevice(member, joining));
  const isReplacement = former.length === removed.size && former.every(({ leafIndex }) => removed.has(leafIndex));
  return isReplacement ? undefined : 'joins and removes others than its former leaf';
}
