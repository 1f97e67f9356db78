/** A Welcome: the way into a group for a device that a member added. */
import { equalBytes } from '@sealane/shared/bytes';
import { DEVICES_PER_GROUP_MAX } from '@sealane/shared/packets';
import { emptyPskIndex, joinGroup, type ClientState, type Welcome } from 'ts-mls';
import { type GroupInfo, ratchetTreeFromExtension } from 'ts-mls/groupInfo.js';
import { decryptGroupInfo, decryptGroupSecrets } from 'ts-mls/welcome.js';
import {
  attempt,
  clientConfigOf,
  decodeMessage,
  isWalkable,
  membersOf,
  suiteNameOf,
  type LeafJudge,
  type Member,
  type SuiteName,
} from '../mls/index.ts';
import type { Transaction } from '../storage/index.ts';
import type { EngineContext } from './context.ts';
import { isPlaceable } from './epoch.ts';
import { loadReader } from './epoch-reader.ts';
import { loadRecord, type GroupRecord } from './group-record.ts';
import { isKindKept, isDirectState } from './group-kind.ts';
import { installState } from './install.ts';
import { findKeyPackage, noteUsed, type KeptKeyPackage } from './key-packages.ts';
import { isAnyReturned, isSameDevice, senderOf } from './membership.ts';
import { forgetPending } from './pending.ts';
import { unknownAccounts } from './unknown-accounts.ts';
import type { WelcomeTaken } from './types.ts';

/** @param at unix time in ms at which the server took it, for the judge. */
export async function takeWelcome(
  context: EngineContext,
  transaction: Transaction,
  bytes: Uint8Array,
  at = context.now(),
): Promise<WelcomeTaken> {
  const welcome = decodeMessage(bytes, ['mls_welcome'])?.welcome;
  const suite = welcome === undefined ? undefined : suiteNameOf(welcome.cipherSuite);
  if (welcome === undefined || suite === undefined) return { state: 'lost', reason: 'malformed' };
  if (welcome.secrets.length > DEVICES_PER_GROUP_MAX) return { state: 'lost', reason: 'malformed' };
  const references = welcome.secrets.map(({ newMember }) => newMember);
  const own = await findKeyPackage(context, transaction, references);
  if (own === undefined) return { state: 'lost', reason: 'no-key-package' };
  const info = await readGroupInfo(context, welcome, suite, own);
  if (info === undefined) return { state: 'lost', reason: 'malformed' };
  const record = await loadRecord(transaction, Uint8Array.from(info.groupContext.groupId));
  const isOld = record !== undefined && Number(info.groupContext.epoch) <= record.epoch;
  if (isOld) return { state: 'lost', reason: 'replayed' };
  // Nobody else can have added this device to a group that it is making.
  if (record?.status === 'creating') return { state: 'lost', reason: 'refused' };
  const judge = context.leafJudge(at);
  const joined = await join(context, welcome, suite, own, judge);
  const members = joined === undefined ? undefined : membersOf(joined.ratchetTree);
  const signer = members?.find(({ leafIndex }) => leafIndex === info.signer);
  if (joined === undefined || members === undefined || signer === undefined)
    return { state: 'lost', reason: 'malformed' };
  if (judge.isAnyUnknown) return { state: 'unverified', accounts: unknownAccounts(judge, members) };
  const isAllowed = isKindKept(joined.groupContext, members) && judge.standingOf(signer) !== 'revoked';
  const isTaken =
    isAllowed && (await continuesRecord(context, transaction, record, { suite, joined, members, signer }));
  if (!isTaken) return { state: 'lost', reason: 'refused' };
  const next = { state: joined, suite, lastCommit: undefined, before: undefined };
  const { record: present } = await installState(context, transaction, next);
  await forgetPending(transaction, present.group);
  await noteUsed(transaction, own);
  return { state: 'joined', group: present.group, epoch: present.epoch, members, addedBy: senderOf(signer) };
}

/** What the group is, before anything is taken from it. */
async function readGroupInfo(
  context: EngineContext,
  welcome: Welcome,
  suiteName: SuiteName,
  { reference, privateKeys }: KeptKeyPackage,
): Promise<GroupInfo | undefined> {
  const suite = await context.crypto.suite(suiteName);
  const read = await attempt(async () => {
    const { hpke } = suite;
    const secrets = await decryptGroupSecrets(
      await hpke.importPrivateKey(privateKeys.initPrivateKey),
      reference,
      welcome,
      hpke,
    );
    if (secrets === undefined) return undefined;
    const info = await decryptGroupInfo(welcome, secrets.joinerSecret, new Uint8Array(suite.kdf.size), suite);
    if (info === undefined || !isPlaceable(info.groupContext)) return undefined;
    // The tree has to be in it: there is no other place to get it from.
    const tree = ratchetTreeFromExtension(info);
    return tree !== undefined && isWalkable(tree) ? info : undefined;
  });
  return read.ok ? read.value : undefined;
}

async function join(
  context: EngineContext,
  welcome: Welcome,
  suiteName: SuiteName,
  { keyPackage, privateKeys }: KeptKeyPackage,
  judge: LeafJudge,
): Promise<ClientState | undefined> {
  const suite = await context.crypto.suite(suiteName);
  const config = clientConfigOf(judge);
  const joined = await attempt(() =>
    joinGroup(welcome, keyPackage, privateKeys, emptyPskIndex, suite, undefined, undefined, config),
  );
  return joined.ok ? joined.value : undefined;
}

/** Where a Welcome leads, and who sent it. */
interface Invitation {
  readonly suite: SuiteName;
  readonly joined: ClientState;
  readonly members: readonly Member[];
  readonly signer: Member;
}

/**
 * Anybody can make a group of any id and a later epoch, and add this device to it. Into a group that this device is in
 * only a member of its epoch leads it, and back to nobody who was seen going.
 */
async function continuesRecord(
  context: EngineContext,
  transaction: Transaction,
  record: GroupRecord | undefined,
  { suite, joined, members, signer }: Invitation,
): Promise<boolean> {
  if (record === undefined) return true;
  if (record.suite !== suite || record.isDirect !== isDirectState(joined.groupContext)) return false;
  // Who was in it meanwhile is not known here, but who added this device anew is nobody whom it saw going.
  if (record.status === 'removed') return !(await isAnyReturned(transaction, record.group, [signer]));
  const reader = await loadReader(context, transaction, record, record);
  const isMember = [...reader.members.values()].some(
    (member) => isSameDevice(member, signer) && equalBytes(member.signatureKey, signer.signatureKey),
  );
  return isMember && !(await isAnyReturned(transaction, record.group, members));
}
