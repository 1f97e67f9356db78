/** Makes commits of this device, and keeps each with the state that follows from it. */
import { equalBytes, wipe } from '@sealane/shared/bytes';
import { ProtocolError } from '@sealane/shared/errors';
import {
  createCommit,
  createGroup,
  encodeMlsMessage,
  type CiphersuiteImpl,
  type ClientState,
  type CreateCommitResult,
  type KeyPackage,
  type Proposal,
} from 'ts-mls';
import { consumeRatchet } from 'ts-mls/secretTree.js';
import { leafToNodeIndex, toLeafIndex } from 'ts-mls/treemath.js';
import { MESSAGE_ID_BYTES } from '@sealane/shared/packets';
import {
  attempt,
  clientConfigOf,
  decodeMessage,
  membersOf,
  type LeafJudge,
  type Member,
  type SuiteName,
} from '../mls/index.ts';
import type { Transaction } from '../storage/index.ts';
import { encodeAuthenticatedData } from './authenticated-data.ts';
import type { EngineContext } from './context.ts';
import { authenticatorOf } from './epoch-reader.ts';
import { loadRecord, saveRecord, type GroupRecord } from './group-record.ts';
import { makeGroupInfo } from './group-info.ts';
import { isDirectState, kindExtensions } from './group-kind.ts';
import { loadState } from './group-state.ts';
import { newKeyPackage } from './key-packages.ts';
import { membershipChange } from './membership.ts';
import { writableRecord } from './messages.ts';
import { loadPending, savePending } from './pending.ts';
import { commitFault } from './policy.ts';
import { loadRatchet, ratchetIn, saveRatchet, treeWith, type RatchetPlace } from './ratchets.ts';
import type { CommitRequest, GroupRequest, PendingCommit } from './types.ts';

/** A commit under way: the state before it, and what it does. */
interface Draft {
  readonly state: ClientState;
  readonly suite: SuiteName;
  readonly authenticator: Uint8Array;
  readonly proposals: readonly Proposal[];
}

/** Makes a group whose first commit adds the other devices; it is there when the server has taken that. */
export async function makeGroup(
  context: EngineContext,
  transaction: Transaction,
  { group, suite = 'hybrid', keyPackages, isDirect = false }: GroupRequest,
): Promise<PendingCommit> {
  const present = await loadRecord(transaction, group);
  if (present !== undefined) throw new TypeError('there is a group with this id');
  const judge = context.leafJudge();
  const own = await newKeyPackage(context, suite);
  const primitives = await context.crypto.suite(suite);
  const config = clientConfigOf(judge);
  const extensions = kindExtensions(isDirect);
  const state = await createGroup(group, own.keyPackage, own.privateKeys, extensions, primitives, config);
  const authenticator = await authenticatorOf(context, suite, state);
  const record = { group, epoch: 0, suite, status: 'creating', isDirect, ownLeaf: 0, authenticator } as const;
  await saveRecord(transaction, { ...record, epochs: [], lastCommit: undefined, isProved: false });
  const proposals = proposalsOf(state, { add: keyPackages }, judge);
  return await keepCommit(context, transaction, { state, suite, authenticator, proposals });
}

/**
 * Makes a commit that adds, removes, or, with neither, renews the own keys.
 *
 * @throws ProtocolError E_NO_GROUP, E_FORK, E_NOT_LISTED for a key package of a device that the judge does not list;
 * TypeError while another commit is pending.
 */
export async function makeCommit(
  context: EngineContext,
  transaction: Transaction,
  group: Uint8Array,
  request: CommitRequest,
): Promise<PendingCommit> {
  const record = await writableRecord(transaction, group);
  if ((await loadPending(transaction, group)) !== undefined) throw new TypeError('a commit of this group is pending');
  const judge = context.leafJudge();
  const place: RatchetPlace = { group, epoch: record.epoch, kind: 'handshake', leafIndex: record.ownLeaf };
  const ratchet = await loadRatchet(transaction, place);
  if (ratchet === undefined) throw new ProtocolError('E_NO_GROUP', 'this device cannot send to the group');
  const state = await loadState(context, transaction, group, judge);
  const withRatchet = { ...state, secretTree: treeWith(ratchet, place) };
  const proposals = proposalsOf(state, request, judge);
  const { suite, authenticator } = record;
  const draft = { state: withRatchet, suite, authenticator, proposals };
  const pending = await keepCommit(context, transaction, draft);
  await advance(context, transaction, record, place);
  return pending;
}

/** The generation that sealed a commit seals no other one, also when this one comes to nothing. */
async function advance(
  context: EngineContext,
  transaction: Transaction,
  { suite }: GroupRecord,
  place: RatchetPlace,
): Promise<void> {
  const ratchet = await loadRatchet(transaction, place);
  if (ratchet === undefined) return;
  const primitives = await context.crypto.suite(suite);
  const node = leafToNodeIndex(toLeafIndex(place.leafIndex));
  const { newTree, consumed } = await consumeRatchet(treeWith(ratchet, place), node, 'commit', primitives);
  await saveRatchet(transaction, place, ratchetIn(newTree, place));
  wipe(...consumed);
}

function proposalsOf(state: ClientState, { add = [], remove = [] }: CommitRequest, judge: LeafJudge): Proposal[] {
  const members = membersOf(state.ratchetTree) ?? [];
  const removed = members.filter((member) => remove.some((named) => isNamed(member, named)));
  const proposals: Proposal[] = [
    ...removed.map(({ leafIndex }) => ({ proposalType: 'remove' as const, remove: { removed: leafIndex } })),
    ...add.map((bytes) => ({ proposalType: 'add' as const, add: { keyPackage: keyPackageOf(bytes) } })),
  ];
  const isDirect = isDirectState(state.groupContext);
  const fault = commitFault({ proposals, members, isDirect }, judge);
  if (fault !== undefined) throw new ProtocolError('E_BAD_REQUEST', `this commit is not allowed: it ${fault}`);
  if (judge.isAnyUnknown) throw new ProtocolError('E_NOT_LISTED', 'a device to add is not in the log of its account');
  return proposals;
}

function isNamed(member: Member, named: { readonly accountId: Uint8Array; readonly agentId?: string }): boolean {
  const isAgent = named.agentId === undefined || named.agentId === member.agentId;
  return isAgent && equalBytes(named.accountId, member.accountId);
}

function keyPackageOf(bytes: Uint8Array): KeyPackage {
  const message = decodeMessage(bytes, ['mls_key_package']);
  if (message === undefined) throw new ProtocolError('E_NO_KEY_PACKAGE', 'a key package is malformed');
  return message.keyPackage;
}

async function keepCommit(
  context: EngineContext,
  transaction: Transaction,
  { state, suite, authenticator, proposals }: Draft,
): Promise<PendingCommit> {
  const cipherSuite = await context.crypto.suite(suite);
  for (const proposal of proposals) {
    if (proposal.proposalType === 'add') await expectSealable(proposal.add.keyPackage, cipherSuite);
  }
  const made = await commitOrRefuse(() =>
    createCommit(
      { state, cipherSuite },
      {
        extraProposals: [...proposals],
        ratchetTreeExtension: true,
        authenticatedData: encodeAuthenticatedData(authenticator),
      },
    ),
  );
  const change = membershipChange(membersOf(state.ratchetTree) ?? [], membersOf(made.newState.ratchetTree) ?? []);
  const { welcome } = made;
  const pending: PendingCommit = {
    group: Uint8Array.from(state.groupContext.groupId),
    epoch: Number(state.groupContext.epoch),
    messageId: context.random(MESSAGE_ID_BYTES),
    commit: encodeMlsMessage(made.commit),
    ...(welcome && { welcome: encodeMlsMessage({ version: 'mls10', wireformat: 'mls_welcome', welcome }) }),
    groupInfo: await makeGroupInfo(context, suite, made.newState),
    added: change.added.map(({ agentId }) => agentId),
    removed: change.removed.map(({ agentId }) => agentId),
    isExternal: false,
  };
  await savePending(transaction, pending, suite, made.newState);
  return pending;
}

/**
 * A commit seals to every leaf below it, so that one leaf with a key of low order would stop all commits after this one. The
 * init key is tried by the Welcome.
 */
async function expectSealable({ leafNode }: KeyPackage, { hpke }: CiphersuiteImpl): Promise<void> {
  const empty = new Uint8Array();
  const sealed = await attempt(async () =>
    hpke.seal(await hpke.importPublicKey(leafNode.hpkePublicKey), empty, empty, empty),
  );
  if (!sealed.ok) throw new ProtocolError('E_BAD_REQUEST', 'nothing can be sealed to the key of a key package');
}

/** What `ts-mls` refuses here are key packages: expired, of another suite, with a bad signature, or of a member. */
async function commitOrRefuse(make: () => Promise<CreateCommitResult>): Promise<CreateCommitResult> {
  try {
    return await make();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ProtocolError('E_BAD_REQUEST', `this commit cannot be made: ${reason}`, { cause });
  }
}
