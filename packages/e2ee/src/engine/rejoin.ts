/**
 * Joining by an external commit: for a device whose state is lost or has parted from the group, and for a new device of an
 * account that is in the group. What the server says the group is, is believed only within the guard.
 */
import { equalBytes } from '@sealane/shared/bytes';
import { MESSAGE_ID_BYTES } from '@sealane/shared/packets';
import { encodeMlsMessage, joinGroupExternal } from 'ts-mls';
import { attempt, clientConfigOf, suiteNameOf, type LeafJudge } from '../mls/index.ts';
import type { Transaction } from '../storage/index.ts';
import { encodeAuthenticatedData } from './authenticated-data.ts';
import type { EngineContext } from './context.ts';
import { makeGroupInfo, readGroupInfo, type ReadGroupInfo } from './group-info.ts';
import { loadRecord } from './group-record.ts';
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
  const accounts = unknownAccounts(judge, read.members);
  if (accounts.length > 0) return { state: 'unverified', accounts };
  const refusal = await refusalOf(context, transaction, group, read, guard, judge);
  if (refusal !== undefined) return refused(refusal);
  const commit = await join(context, transaction, read, judge);
  return commit === undefined ? refused('malformed') : { state: 'pending', commit };
}

async function refusalOf(
  context: EngineContext,
  transaction: Transaction,
  group: Uint8Array,
  { info, members, signer }: ReadGroupInfo,
  guard: RejoinGuard,
  judge: LeafJudge,
): Promise<RejoinRefusal | undefined> {
  const record = await loadRecord(transaction, group);
  const isAccountHere = members.some(({ accountId }) => equalBytes(accountId, context.device.accountId));
  if (!isAccountHere) return 'not-a-member';
  if (judge.standingOf(signer) === 'revoked') return 'untrusted-signer';
  if (guard.isForced === true) return undefined;
  if (record?.status === 'removed') return 'not-a-member';
  if (!guard.isTrusted(senderOf(signer))) return 'untrusted-signer';
  if (record !== undefined && Number(info.groupContext.epoch) < record.epoch) return 'older-epoch';
  return (await isAnyReturned(transaction, group, members)) ? 'returned-member' : undefined;
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
