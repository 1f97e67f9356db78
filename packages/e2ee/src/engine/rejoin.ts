/**
 * Joining by an external commit: for a device whose state is lost or has parted from the group, and for a new device of an
 * account that is in the group. What the server says the group is, is believed only within the guard.
 */
import { equalBytes } from '@sealane/shared/bytes';
import { MESSAGE_ID_BYTES } from '@sealane/shared/packets';
import { encodeMlsMessage, joinGroupExternal } from 'ts-mls';
import { encodeGroupContext } from 'ts-mls/groupContext.js';
import { verifyGroupInfoSignature, type GroupInfo } from 'ts-mls/groupInfo.js';
import { attempt, clientConfigOf, suiteNameOf, type LeafJudge } from '../mls/index.ts';
import type { Transaction } from '../storage/index.ts';
import { encodeAuthenticatedData } from './authenticated-data.ts';
import type { EngineContext } from './context.ts';
import { makeGroupInfo, readGroupInfo, type ReadGroupInfo } from './group-info.ts';
import { loadReader } from './epoch-reader.ts';
import { isDirectState, isKindKept } from './group-kind.ts';
import { loadRecord, saveRecord, type GroupRecord } from './group-record.ts';
import { loadState } from './group-state.ts';
import { newKeyPackage } from './key-packages.ts';
import { isAnyReturned, isSameDevice, senderOf } from './membership.ts';
import { savePending } from './pending.ts';
import { unknownAccounts } from './unknown-accounts.ts';
import type { PendingCommit, Rejoined, RejoinGuard, RejoinRefusal } from './types.ts';

export async function rejoin(
  context: EngineContext,
  transaction: Transaction,
  group: Uint8Array,
  bytes: Uint8Array,
  guard: RejoinGuard,
): Promise<Rejoined> {
  const read = await readGroupInfo(bytes, group);
  if (read === undefined) return refused('malformed');
  const judge = context.leafJudge();
  const record = await loadRecord(transaction, group);
  if (record !== undefined && guard.isForced !== true && (await isIntact(context, transaction, record, read.info))) {
    await saveRecord(transaction, { ...record, status: 'active', isProved: true });
    return { state: 'intact' };
  }
  const accounts = unknownAccounts(judge, read.members);
  if (accounts.length > 0) return { state: 'unverified', accounts };
  const refusal = await refusalOf(context, transaction, record, read, guard, judge);
  if (refusal !== undefined) return refused(refusal);
  const commit = await join(context, transaction, read, judge);
  return commit === undefined ? refused('malformed') : { state: 'pending', commit };
}

/**
 * Whether a member says, with its signature, that the group is in the state that is here. It takes no trust to go on with
 * what this device has checked before: somebody who made up a message must not make it join again.
 */
async function isIntact(
  context: EngineContext,
  transaction: Transaction,
  record: GroupRecord,
  info: GroupInfo,
): Promise<boolean> {
  if (record.status !== 'healing' && record.status !== 'active') return false;
  const reader = await loadReader(context, transaction, record, record);
  const state = await loadState(context, transaction, record.group, context.leafJudge());
  const isSameState =
    equalBytes(encodeGroupContext(info.groupContext), encodeGroupContext(reader.context)) &&
    equalBytes(info.confirmationTag, state.confirmationTag);
  const signer = reader.members.get(info.signer);
  if (!isSameState || signer === undefined || context.leafJudge().standingOf(signer) === 'revoked') return false;
  const { signature } = await context.crypto.suite(record.suite);
  const verified = await attempt(() => verifyGroupInfoSignature(info, signer.signatureKey, signature));
  return verified.ok && verified.value;
}

async function refusalOf(
  context: EngineContext,
  transaction: Transaction,
  record: GroupRecord | undefined,
  { info, members, signer }: ReadGroupInfo,
  guard: RejoinGuard,
  judge: LeafJudge,
): Promise<RejoinRefusal | undefined> {
  const isAccountHere = members.some(({ accountId }) => equalBytes(accountId, context.device.accountId));
  if (!isAccountHere) return 'not-a-member';
  if (judge.standingOf(signer) === 'revoked') return 'untrusted-signer';
  if (!isKindKept(info.groupContext, members) || isOtherKind(record, info)) return 'other-kind';
  if (guard.isForced === true) return undefined;
  if (record?.status === 'removed') return 'not-a-member';
  if (!guard.isTrusted(senderOf(signer))) return 'untrusted-signer';
  if (record !== undefined && Number(info.groupContext.epoch) < record.epoch) return 'older-epoch';
  return (await isAnyReturned(transaction, info.groupContext.groupId, members)) ? 'returned-member' : undefined;
}

/** Neither the kind of a group nor its suite ever changes. */
function isOtherKind(record: GroupRecord | undefined, { groupContext }: GroupInfo): boolean {
  if (record === undefined) return false;
  return record.isDirect !== isDirectState(groupContext) || record.suite !== suiteNameOf(groupContext.cipherSuite);
}

/** Undefined when the GroupInfo does not hold: a bad signature, or a tree that is not valid. */
async function join(
  context: EngineContext,
  transaction: Transaction,
  { info, authenticator, members }: ReadGroupInfo,
  judge: LeafJudge,
): Promise<PendingCommit | undefined> {
  const suite = suiteNameOf(info.groupContext.cipherSuite);
  if (suite === undefined) return undefined;
  const primitives = await context.crypto.suite(suite);
  const own = await newKeyPackage(context, suite);
  const isHere = members.some((member) => isSameDevice(member, context.device));
  const config = clientConfigOf(judge);
  const data = encodeAuthenticatedData(authenticator);
  const joined = await attempt(() =>
    joinGroupExternal(info, own.keyPackage, own.privateKeys, isHere, primitives, undefined, config, data),
  );
  if (!joined.ok) return undefined;
  const { publicMessage, newState } = joined.value;
  const pending: PendingCommit = {
    group: Uint8Array.from(info.groupContext.groupId),
    epoch: Number(info.groupContext.epoch),
    messageId: context.random(MESSAGE_ID_BYTES),
    commit: encodeMlsMessage({ version: 'mls10', wireformat: 'mls_public_message', publicMessage }),
    groupInfo: await makeGroupInfo(context, suite, newState),
    added: isHere ? [] : [context.device.agentId],
    removed: [],
    isExternal: true,
  };
  await savePending(transaction, pending, suite, newState);
  return pending;
}

function refused(reason: RejoinRefusal): Rejoined {
  return { state: 'refused', reason };
}
