/** Moves a group to a new epoch: new rows for it, and away with what the old one needs no longer. */
import { AssertionFailure } from '@sealane/shared/errors';
import { EPOCHS_BEHIND_MAX } from '@sealane/shared/packets';
import { type ClientState } from 'ts-mls';
import { membersOf, type SuiteName } from '../mls/index.ts';
import type { Transaction } from '../storage/index.ts';
import type { EngineContext } from './context.ts';
import { authenticatorOf, forgetReader, forgetReaders, loadReader, saveReader } from './epoch-reader.ts';
import { saveRecord, type GroupRecord } from './group-record.ts';
import { isDirectState } from './group-kind.ts';
import { saveState } from './group-state.ts';
import { membershipChange, rememberChange, type MembershipChange } from './membership.ts';
import { saveRatchets } from './ratchets.ts';
import { TABLES } from './tables.ts';
import type { GroupStatus } from './types.ts';

export interface NewState {
  readonly state: ClientState;
  readonly suite: SuiteName;
  readonly lastCommit: Uint8Array | undefined;
  /** The record before; undefined where the device joins, and no older epoch is of the same history. */
  readonly before: GroupRecord | undefined;
  readonly status?: GroupStatus;
}

export interface Installed {
  readonly record: GroupRecord;
  readonly change: MembershipChange;
}

/** Writes a new epoch. The caller has judged its leaves. */
export async function installState(
  context: EngineContext,
  transaction: Transaction,
  { state, suite, lastCommit, before, status = 'active' }: NewState,
): Promise<Installed> {
  const group = Uint8Array.from(state.groupContext.groupId);
  const epoch = Number(state.groupContext.epoch);
  const authenticator = await authenticatorOf(context, suite, state);
  const kept = before === undefined ? [] : before.epochs.slice(-EPOCHS_BEHIND_MAX);
  const record: GroupRecord = {
    group,
    epoch,
    suite,
    status,
    isDirect: isDirectState(state.groupContext),
    ownLeaf: state.privatePath.leafIndex,
    authenticator,
    epochs: [...kept, { epoch, authenticator }],
    lastCommit,
    isProved: false,
  };
  const members = membersOf(state.ratchetTree);
  if (members === undefined) throw new AssertionFailure('a leaf was not judged');
  const old = before === undefined ? undefined : await loadReader(context, transaction, before, before);
  const change =
    old === undefined ? { added: members, removed: [] } : membershipChange([...old.members.values()], members);
  await rememberChange(transaction, group, change);
  await forgetEpochs(context, transaction, group, before, record);
  await saveRecord(transaction, record);
  await saveState(transaction, group, state);
  await saveReader(transaction, group, { epoch, authenticator }, state);
  const leaves = members.map(({ leafIndex }) => leafIndex);
  await saveRatchets(transaction, group, epoch, state.secretTree, leaves);
  return { record, change };
}

/** Old epochs keep what reads messages of others, for a while; everything else of them goes. */
async function forgetEpochs(
  context: EngineContext,
  transaction: Transaction,
  group: Uint8Array,
  before: GroupRecord | undefined,
  after: GroupRecord,
): Promise<void> {
  if (before === undefined) {
    await forgetSecrets(context, transaction, group);
    return;
  }
  await transaction.deleteRange(TABLES.ratchets, { prefix: [group, before.epoch, 'handshake'] });
  await transaction.delete(TABLES.ratchets, [group, before.epoch, 'application', before.ownLeaf]);
  for (const { epoch } of before.epochs.filter((old) => !after.epochs.includes(old))) {
    await transaction.deleteRange(TABLES.ratchets, { prefix: [group, epoch] });
    await forgetReader(context, transaction, group, epoch);
  }
}

/** Everything that could read or write in a group; that there was one stays known. */
export async function forgetSecrets(
  context: EngineContext,
  transaction: Transaction,
  group: Uint8Array,
): Promise<void> {
  await transaction.deleteRange(TABLES.ratchets, { prefix: [group] });
  await forgetReaders(context, transaction, group);
  await transaction.delete(TABLES.states, [group]);
}
