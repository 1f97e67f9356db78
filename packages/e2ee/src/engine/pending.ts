/**
 * Commits that the server has not answered, with the state that follows from them: written before anything is sent, so
 * that after a crash the device still knows both and asks the server which commit won.
 */
import { StorageError } from '@sealane/shared/errors';
import { type ClientState } from 'ts-mls';
import { decodeSecretTree, secretTreeEncoder } from 'ts-mls/secretTree.js';
import { encode } from 'ts-mls/codec/tlsEncoder.js';
import type { LeafJudge, SuiteName } from '../mls/index.ts';
import type { Row, Transaction } from '../storage/index.ts';
import type { EngineContext } from './context.ts';
import { suiteOf } from './group-record.ts';
import { stateFields, stateOf } from './group-state.ts';
import { TABLES, bytesOf, numberOf, optionalBytesOf, textOf } from './tables.ts';
import type { PendingCommit } from './types.ts';

const encodeSecretTree = encode(secretTreeEncoder);

export async function savePending(
  transaction: Transaction,
  pending: PendingCommit,
  suite: SuiteName,
  next: ClientState,
): Promise<void> {
  await transaction.put(TABLES.pending, [pending.group], {
    ...stateFields(next),
    secretTree: encodeSecretTree(next.secretTree),
    suite,
    group: pending.group,
    epoch: pending.epoch,
    messageId: pending.messageId,
    commit: pending.commit,
    welcome: pending.welcome ?? null,
    groupInfo: pending.groupInfo,
    added: JSON.stringify(pending.added),
    removed: JSON.stringify(pending.removed),
    isExternal: pending.isExternal ? 1 : 0,
  });
}

export async function loadPending(transaction: Transaction, group: Uint8Array): Promise<PendingCommit | undefined> {
  const row = await transaction.get(TABLES.pending, [group]);
  return row === undefined ? undefined : pendingOf(row);
}

export async function listPending(transaction: Transaction): Promise<PendingCommit[]> {
  return (await transaction.list(TABLES.pending)).map(pendingOf);
}

export async function forgetPending(transaction: Transaction, group: Uint8Array): Promise<void> {
  await transaction.delete(TABLES.pending, [group]);
}

/** The state that follows from the pending commit of a group. */
export async function loadNextState(
  context: EngineContext,
  transaction: Transaction,
  group: Uint8Array,
  judge: LeafJudge,
): Promise<{ readonly state: ClientState; readonly suite: SuiteName }> {
  const row = await transaction.get(TABLES.pending, [group]);
  const secretTree = row === undefined ? undefined : decodeSecretTree(bytesOf(row, 'secretTree'), 0);
  if (row === undefined || secretTree === undefined) {
    throw new StorageError('E_DATA', 'the message database has a damaged pending commit');
  }
  const state = { ...stateOf(context, row, judge), secretTree: secretTree[0] };
  return { state, suite: suiteOf(textOf(row, 'suite')) };
}

function pendingOf(row: Row): PendingCommit {
  const welcome = optionalBytesOf(row, 'welcome');
  return {
    group: bytesOf(row, 'group'),
    epoch: numberOf(row, 'epoch'),
    messageId: bytesOf(row, 'messageId'),
    commit: bytesOf(row, 'commit'),
    ...(welcome === undefined ? {} : { welcome }),
    groupInfo: bytesOf(row, 'groupInfo'),
    added: JSON.parse(textOf(row, 'added')) as string[],
    removed: JSON.parse(textOf(row, 'removed')) as string[],
    isExternal: numberOf(row, 'isExternal') === 1,
  };
}
