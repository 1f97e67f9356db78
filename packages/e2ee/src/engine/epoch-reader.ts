/** The rows of epochs: written once, read through a cache. */
import { utf8Encode, toHex, concat } from '@sealane/shared/bytes';
import { StorageError } from '@sealane/shared/errors';
import { type ClientState } from 'ts-mls';
import { decodeGroupContext, encodeGroupContext } from 'ts-mls/groupContext.js';
import { membersOf, type Member, type SuiteName } from '../mls/index.ts';
import { decodeRow, encodeRow, type Row, type Transaction } from '../storage/index.ts';
import type { EngineContext } from './context.ts';
import type { EpochReader, KeptEpoch } from './epoch.ts';
import { isSameEpoch, type GroupRecord } from './group-record.ts';
import { TABLES, bytesOf, numberOf, textOf } from './tables.ts';

/** Of the hash of an epoch authenticator. */
export const AUTHENTICATOR_BYTES = 16;
const AUTHENTICATOR_LABEL = utf8Encode('sealane epoch authenticator');

/** Truncated hash of the epoch authenticator (RFC 9420 §8.7): equal for all who are in the same state. */
export async function authenticatorOf(
  context: EngineContext,
  suite: SuiteName,
  state: ClientState,
): Promise<Uint8Array> {
  const { hash } = await context.crypto.suite(suite);
  const digest = await hash.digest(concat(AUTHENTICATOR_LABEL, state.keySchedule.epochAuthenticator));
  return Uint8Array.from(digest.subarray(0, AUTHENTICATOR_BYTES));
}

/** Writes the row of the present epoch of a state. */
export async function saveReader(
  transaction: Transaction,
  group: Uint8Array,
  { epoch, authenticator }: KeptEpoch,
  state: ClientState,
): Promise<void> {
  const members = membersOf(state.ratchetTree) ?? [];
  const rows = members.map((member) => [`${member.leafIndex}`, encodeRow({ ...member })]);
  await transaction.put(TABLES.epochs, [group, epoch], {
    epoch,
    authenticator,
    context: encodeGroupContext(state.groupContext),
    senderDataSecret: state.keySchedule.senderDataSecret,
    members: encodeRow(Object.fromEntries(rows) as Row),
  });
}

/** The reader of an epoch that the record lists. */
export async function loadReader(
  context: EngineContext,
  transaction: Transaction,
  { group }: GroupRecord,
  kept: KeptEpoch,
): Promise<EpochReader> {
  const key = cacheKey(group, kept.epoch);
  const cached = context.readers.get(key);
  if (cached !== undefined && isSameEpoch(cached, kept)) return cached;
  const row = await transaction.get(TABLES.epochs, [group, kept.epoch]);
  if (row === undefined) throw new StorageError('E_DATA', 'the message database lacks an epoch of a group');
  const reader = readerOf(row);
  context.readers.set(key, reader, reader.members.size);
  return reader;
}

/** An epoch is gone from the storage, and from memory. */
export async function forgetReader(
  context: EngineContext,
  transaction: Transaction,
  group: Uint8Array,
  epoch: number,
): Promise<void> {
  await transaction.delete(TABLES.epochs, [group, epoch]);
  context.readers.delete(cacheKey(group, epoch));
}

export async function forgetReaders(
  context: EngineContext,
  transaction: Transaction,
  group: Uint8Array,
): Promise<void> {
  await transaction.deleteRange(TABLES.epochs, { prefix: [group] });
  context.readers.deleteAll(`${toHex(group)}/`);
}

function cacheKey(group: Uint8Array, epoch: number): string {
  return `${toHex(group)}/${epoch}`;
}

function readerOf(row: Row): EpochReader {
  const decoded = decodeGroupContext(bytesOf(row, 'context'), 0);
  if (decoded === undefined) throw new StorageError('E_DATA', 'the message database has a damaged epoch of a group');
  const members = decodeRow(bytesOf(row, 'members'));
  return {
    epoch: numberOf(row, 'epoch'),
    authenticator: bytesOf(row, 'authenticator'),
    context: decoded[0],
    senderDataSecret: bytesOf(row, 'senderDataSecret'),
    members: new Map(
      Object.keys(members).map((leaf) => [Number(leaf), memberOfRow(decodeRow(bytesOf(members, leaf)))]),
    ),
  };
}

function memberOfRow(row: Row): Member {
  return {
    accountId: bytesOf(row, 'accountId'),
    agentId: textOf(row, 'agentId'),
    username: textOf(row, 'username'),
    leafIndex: numberOf(row, 'leafIndex'),
    signatureKey: bytesOf(row, 'signatureKey'),
  };
}
