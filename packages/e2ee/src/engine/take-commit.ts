/** Commits that the server says moved a group on: checked, then applied whole or not at all. */
import { equalBytes } from '@sealane/shared/bytes';
import {
  acceptAll,
  emptyPskIndex,
  processMessage,
  type CiphersuiteImpl,
  type ClientState,
  type PrivateMessage,
  type Proposal,
  type PublicMessage,
} from 'ts-mls';
import { type Commit } from 'ts-mls/commit.js';
import { type FramedContent } from 'ts-mls/framedContent.js';
import { unprotectPrivateMessage } from 'ts-mls/messageProtection.js';
import { decryptSenderData } from 'ts-mls/privateMessage.js';
import { type SecretTree } from 'ts-mls/secretTree.js';
import { type LeafNode } from 'ts-mls/leafNode.js';
import {
  RETENTION,
  attempt,
  decodeMessage,
  leafAt,
  memberOf,
  type Attempt,
  type LeafJudge,
  type Member,
} from '../mls/index.ts';
import type { Transaction } from '../storage/index.ts';
import { isOfState } from './authenticated-data.ts';
import type { EngineContext } from './context.ts';
import { loadReader } from './epoch-reader.ts';
import type { EpochReader } from './epoch.ts';
import { loadRecord, saveRecord, type GroupRecord } from './group-record.ts';
import { loadState } from './group-state.ts';
import { forgetSecrets, installState } from './install.ts';
import { senderOf } from './membership.ts';
import { forgetPending, loadPending } from './pending.ts';
import { commitFault } from './policy.ts';
import { loadRatchet, treeWith, type RatchetPlace } from './ratchets.ts';
import { installPending } from './settle-commit.ts';
import { unknownAccounts } from './unknown-accounts.ts';
import type { CommitTaken, PendingCommit } from './types.ts';

/** A commit on its way in, and the member who sent it; of whoever joins by it, the leaf. */
interface Incoming {
  readonly message:
    | { readonly wireformat: 'mls_private_message'; readonly privateMessage: PrivateMessage }
    | { readonly wireformat: 'mls_public_message'; readonly publicMessage: PublicMessage };
  readonly committer: Member;
  readonly joiner?: LeafNode;
}

/** @param at unix time in ms at which the server took the commit, for the judge. */
export async function takeCommit(
  context: EngineContext,
  transaction: Transaction,
  group: Uint8Array,
  epoch: number,
  bytes: Uint8Array,
  at = context.now(),
): Promise<CommitTaken> {
  const record = await loadRecord(transaction, group);
  const pending = await loadPending(transaction, group);
  if (pending?.epoch === epoch && equalBytes(pending.commit, bytes)) {
    const { record: next, change } = await installPending(context, transaction, pending);
    const { epoch: present, authenticator } = next;
    return { state: 'applied', epoch: present, authenticator, ...change, committer: own(context), isOwn: true };
  }
  if (record === undefined || record.status === 'creating') return { state: 'healing', reason: 'no-state' };
  if (record.status === 'removed') return { state: 'removed', committer: undefined };
  if (epoch !== record.epoch) return { state: epoch < record.epoch ? 'stale' : 'ahead' };
  const reader = await loadReader(context, transaction, record, record);
  const incoming = await readIncoming(context, record, reader, bytes);
  if ('state' in incoming) return incoming;
  return await apply(context, transaction, record, reader, incoming, context.leafJudge(at));
}

/** Who sent it, and whether it follows the state that is here. */
async function readIncoming(
  context: EngineContext,
  record: GroupRecord,
  reader: EpochReader,
  bytes: Uint8Array,
): Promise<Incoming | CommitTaken> {
  const message = decodeMessage(bytes, ['mls_private_message', 'mls_public_message']);
  if (message === undefined) return refused('it is malformed');
  const content = message.wireformat === 'mls_private_message' ? message.privateMessage : message.publicMessage.content;
  const isHere = equalBytes(content.groupId, record.group) && Number(content.epoch) === record.epoch;
  if (!isHere || content.contentType !== 'commit') return refused('it is no commit of this group and epoch');
  if (!isOfState(content.authenticatedData, record.authenticator)) return refused('it follows another state');
  if (message.wireformat === 'mls_public_message') {
    const { senderType, content: inClear } = message.publicMessage;
    const isJoin = senderType === 'new_member_commit' && inClear.contentType === 'commit';
    const joiner = isJoin ? inClear.commit.path?.leafNode : undefined;
    const committer = joiner === undefined ? undefined : memberOf(joiner, 0);
    if (joiner === undefined || committer === undefined) return refused('only who joins may send a commit in clear');
    return { message, committer, joiner };
  }
  const suite = await context.crypto.suite(record.suite);
  const sender = await attempt(() => decryptSenderData(message.privateMessage, reader.senderDataSecret, suite));
  const leafIndex = sender.ok ? sender.value?.leafIndex : undefined;
  const committer = leafIndex === undefined ? undefined : reader.members.get(leafIndex);
  if (committer === undefined) return refused('it is not authentic');
  // The state that follows from an own commit is with whoever made it: another copy of this device.
  return leafIndex === record.ownLeaf
    ? refused('it is of this device, which does not know it')
    : { message, committer };
}

async function apply(
  context: EngineContext,
  transaction: Transaction,
  record: GroupRecord,
  reader: EpochReader,
  incoming: Incoming,
  judge: LeafJudge,
): Promise<CommitTaken> {
  const { group } = record;
  const processed = await process(context, transaction, record, reader, incoming, judge);
  if (!processed.ok) return refused(processed.fault);
  const { state, named } = processed.value;
  if (judge.isAnyUnknown) return { state: 'unverified', accounts: unknownAccounts(judge, named) };
  const committer = senderOf(incoming.committer);
  const lost = await loseTo(transaction, record);
  if (state.groupActiveState.kind === 'removedFromGroup') {
    await forgetSecrets(context, transaction, group);
    await saveRecord(transaction, { ...record, status: 'removed', epochs: [] });
    return { state: 'removed', committer };
  }
  const next = { state, suite: record.suite, lastCommit: record.lastCommit, before: record };
  const { record: present, change } = await installState(context, transaction, next);
  const { epoch, authenticator } = present;
  const lostCommit = lost === undefined ? {} : { lostCommit: lost.messageId };
  return { state: 'applied', epoch, authenticator, ...change, committer, isOwn: false, ...lostCommit };
}

/** Drops the own commit for the epoch that another one ended. One that joins again later on is still the server's to take. */
async function loseTo(transaction: Transaction, { group, epoch }: GroupRecord): Promise<PendingCommit | undefined> {
  const pending = await loadPending(transaction, group);
  if (pending?.epoch !== epoch) return undefined;
  await forgetPending(transaction, group);
  return pending;
}

interface Processed {
  readonly state: ClientState;
  /** Every device that the commit names: members, and those that it adds. */
  readonly named: readonly Member[];
}

async function process(
  context: EngineContext,
  transaction: Transaction,
  record: GroupRecord,
  reader: EpochReader,
  { message, committer, joiner }: Incoming,
  judge: LeafJudge,
): Promise<Attempt<Processed>> {
  const place: RatchetPlace = { ...record, kind: 'handshake', leafIndex: committer.leafIndex };
  const ratchet = joiner === undefined ? await loadRatchet(transaction, place) : undefined;
  const secretTree = ratchet === undefined ? [] : treeWith(ratchet, place);
  const suite = await context.crypto.suite(record.suite);
  const commit =
    message.wireformat === 'mls_private_message'
      ? await authenticCommit(message.privateMessage, secretTree, { reader, committer, suite })
      : commitOf(message.publicMessage.content);
  if (commit === undefined) return { ok: false, fault: 'it is not authentic' };
  if (judge.standingOf(committer) === 'revoked') return { ok: false, fault: 'it is of a device that was revoked' };
  const proposals = proposalsOf(commit);
  if (proposals === undefined) return { ok: false, fault: 'it refers to proposals' };
  const members = [...reader.members.values()];
  const fault = commitFault({ proposals, members, isDirect: record.isDirect, ...(joiner && { joiner }) }, judge);
  if (fault !== undefined) return { ok: false, fault: `it ${fault}` };
  const state = { ...(await loadState(context, transaction, record.group, judge)), secretTree };
  const processed = await attempt(() => processMessage({ ...message }, state, emptyPskIndex, acceptAll, suite));
  if (!processed.ok) return processed;
  const { newState } = processed.value;
  if (joiner === undefined && !isSameLeaf(newState, committer))
    return { ok: false, fault: 'it changes who its sender is' };
  return { ok: true, value: { state: newState, named: [...members, committer, ...addedBy(proposals)] } };
}

/**
 * What a member says, opened and its signature checked, before `ts-mls` gets it: that one follows whatever a commit says
 * through the tree, and only then asks.
 */
async function authenticCommit(
  message: PrivateMessage,
  secretTree: SecretTree,
  from: { readonly reader: EpochReader; readonly committer: Member; readonly suite: CiphersuiteImpl },
): Promise<Commit | undefined> {
  const { senderDataSecret, context } = from.reader;
  const { signatureKey } = from.committer;
  const opened = await attempt(() =>
    unprotectPrivateMessage(senderDataSecret, message, secretTree, [], context, RETENTION, from.suite, signatureKey),
  );
  return opened.ok ? commitOf(opened.value.content.content) : undefined;
}

function commitOf(content: FramedContent): Commit | undefined {
  return content.contentType === 'commit' ? content.commit : undefined;
}

/** Undefined where one is named by its hash: proposals by themselves are taken from nobody. */
function proposalsOf({ proposals }: Commit): Proposal[] | undefined {
  const inline = proposals.flatMap((each) => (each.proposalOrRefType === 'proposal' ? [each.proposal] : []));
  return inline.length === proposals.length ? inline : undefined;
}

function addedBy(proposals: readonly Proposal[]): Member[] {
  return proposals.flatMap((proposal) =>
    proposal.proposalType === 'add' ? (memberOf(proposal.add.keyPackage.leafNode, 0) ?? []) : [],
  );
}

/** A member renews its keys by a commit, not its name. */
function isSameLeaf(state: ClientState, { leafIndex, accountId, agentId, username, signatureKey }: Member): boolean {
  if (state.groupActiveState.kind === 'removedFromGroup') return true;
  const leaf = leafAt(state.ratchetTree, leafIndex);
  const member = leaf === undefined ? undefined : memberOf(leaf, leafIndex);
  if (member === undefined) return false;
  const isSameName = member.agentId === agentId && member.username === username;
  return isSameName && equalBytes(member.accountId, accountId) && equalBytes(member.signatureKey, signatureKey);
}

function own({ device }: EngineContext): { accountId: Uint8Array; agentId: string } {
  return { accountId: device.accountId, agentId: device.agentId };
}

function refused(reason: string): CommitTaken {
  return { state: 'refused', reason };
}
