/** How far this device is in a group: one small row, read and checked with every message. */
import { equalBytes } from '@sealane/shared/bytes';
import { StorageError } from '@sealane/shared/errors';
import type { SuiteName } from '../mls/index.ts';
import { decodeRow, encodeRow, type Row, type Transaction } from '../storage/index.ts';
import type { KeptEpoch } from './epoch.ts';
import { TABLES, bytesOf, numberOf, optionalBytesOf, textOf } from './tables.ts';
import type { GroupStatus, GroupView } from './types.ts';

export interface GroupRecord extends GroupView {
  readonly ownLeaf: number;
  /** The present one is the last. */
  readonly epochs: readonly KeptEpoch[];
  /** Message id of the own commit that the server took last. */
  readonly lastCommit: Uint8Array | undefined;
  /** Whether a GroupInfo showed that the group has the present state: what comes of another one is made up. */
  readonly isProved: boolean;
}

export async function loadRecord(transaction: Transaction, group: Uint8Array): Promise<GroupRecord | undefined> {
  const row = await transaction.get(TABLES.groups, [group]);
  return row === undefined ? undefined : recordOf(row);
}

export async function listRecords(transaction: Transaction): Promise<GroupRecord[]> {
  return (await transaction.list(TABLES.groups)).map(recordOf);
}

export async function saveRecord(transaction: Transaction, record: GroupRecord): Promise<void> {
  await transaction.put(TABLES.groups, [record.group], {
    group: record.group,
    epoch: record.epoch,
    suite: record.suite,
    status: record.status,
    isDirect: record.isDirect ? 1 : 0,
    ownLeaf: record.ownLeaf,
    authenticator: record.authenticator,
    epochs: encodeRow(Object.fromEntries(record.epochs.map((kept) => [`${kept.epoch}`, kept.authenticator]))),
    lastCommit: record.lastCommit ?? null,
    isProved: record.isProved ? 1 : 0,
  });
}

export function viewOf({ group, epoch, suite, status, isDirect, authenticator }: GroupRecord): GroupView {
  return { group, epoch, suite, status, isDirect, authenticator };
}

export function keptEpoch(record: GroupRecord, epoch: number): KeptEpoch | undefined {
  return record.epochs.find((kept) => kept.epoch === epoch);
}

export function isSameEpoch(left: KeptEpoch, right: KeptEpoch): boolean {
  return left.epoch === right.epoch && equalBytes(left.authenticator, right.authenticator);
}

function recordOf(row: Row): GroupRecord {
  const epochs = decodeRow(bytesOf(row, 'epochs'));
  return {
    group: bytesOf(row, 'group'),
    epoch: numberOf(row, 'epoch'),
    suite: suiteOf(textOf(row, 'suite')),
    status: statusOf(textOf(row, 'status')),
    isDirect: numberOf(row, 'isDirect') === 1,
    ownLeaf: numberOf(row, 'ownLeaf'),
    authenticator: bytesOf(row, 'authenticator'),
    epochs: Object.keys(epochs).map((epoch) => ({ epoch: Number(epoch), authenticator: bytesOf(epochs, epoch) })),
    lastCommit: optionalBytesOf(row, 'lastCommit'),
    isProved: numberOf(row, 'isProved') === 1,
  };
}

export function suiteOf(text: string): SuiteName {
  if (text === 'hybrid' || text === 'classical') return text;
  throw new StorageError('E_DATA', 'a group of the message database has a suite that this version does not know');
}

function statusOf(text: string): GroupStatus {
  if (text === 'creating' || text === 'active' || text === 'healing' || text === 'removed') return text;
  throw new StorageError('E_DATA', 'a group of the message database has a status that this version does not know');
}
