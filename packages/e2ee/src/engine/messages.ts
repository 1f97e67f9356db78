/** Messages: sealed with the own ratchet, opened with that of their sender. One small row changes. */
import { wipe } from '@sealane/shared/bytes';
import { ProtocolError } from '@sealane/shared/errors';
import { encodeMlsMessage, type PrivateMessage } from 'ts-mls';
import { protectApplicationData, unprotectPrivateMessage } from 'ts-mls/messageProtection.js';
import { decryptSenderData } from 'ts-mls/privateMessage.js';
import { type GenerationSecret } from 'ts-mls/secretTree.js';
import { paddedSize } from '../content/index.ts';
import { RETENTION, attempt, decodeMessage, type Member } from '../mls/index.ts';
import type { Transaction } from '../storage/index.ts';
import { encodeAuthenticatedData, isOfState } from './authenticated-data.ts';
import type { EngineContext } from './context.ts';
import { loadReader } from './epoch-reader.ts';
import { EPOCH_MAX, type EpochReader } from './epoch.ts';
import { keptEpoch, loadRecord, saveRecord, type GroupRecord } from './group-record.ts';
import { senderOf } from './membership.ts';
import { loadRatchet, ratchetIn, saveRatchet, treeWith, type RatchetPlace } from './ratchets.ts';
import type { LostReason, OpenOptions, Opened } from './types.ts';

/** Signature and the lengths before it and the content. */
const FRAMING_BYTES = 70;

/** A sealed message, an MLSMessage (RFC 9420 §6), and the epoch whose members can open it. */
export interface Sealed {
  readonly epoch: number;
  readonly message: Uint8Array;
}

/** @throws ProtocolError E_NO_GROUP, E_FORK. */
export async function sealMessage(
  context: EngineContext,
  transaction: Transaction,
  group: Uint8Array,
  plaintext: Uint8Array,
): Promise<Sealed> {
  const record = await writableRecord(transaction, group);
  const reader = await loadReader(context, transaction, record, record);
  const suite = await context.crypto.suite(record.suite);
  const place: RatchetPlace = { group, epoch: record.epoch, kind: 'application', leafIndex: record.ownLeaf };
  const ratchet = await loadRatchet(transaction, place);
  if (ratchet === undefined) throw new ProtocolError('E_NO_GROUP', 'this device cannot send to the group');
  const { privateMessage, newSecretTree, consumed } = await protectApplicationData(
    context.device.signingSeed,
    reader.senderDataSecret,
    plaintext,
    encodeAuthenticatedData(record.authenticator),
    reader.context,
    treeWith(ratchet, place),
    record.ownLeaf,
    { kind: 'padUntilLength', padUntilLength: paddedSize(plaintext.length + FRAMING_BYTES) },
    suite,
  );
  await saveRatchet(transaction, place, ratchetIn(newSecretTree, place));
  wipe(...consumed);
  const message = encodeMlsMessage({ version: 'mls10', wireformat: 'mls_private_message', privateMessage });
  return { epoch: record.epoch, message };
}

/** @throws ProtocolError E_NO_GROUP where this device is no member, E_FORK where it has to heal first. */
export async function writableRecord(transaction: Transaction, group: Uint8Array): Promise<GroupRecord> {
  const record = await loadRecord(transaction, group);
  if (record?.status === 'healing') throw new ProtocolError('E_FORK', 'this device has to join the group again');
  if (record?.status !== 'active') throw new ProtocolError('E_NO_GROUP', 'this device is not in the group');
  return record;
}

export async function openMessage(
  context: EngineContext,
  transaction: Transaction,
  group: Uint8Array,
  bytes: Uint8Array,
  { epoch: claimed, isTransient = false }: OpenOptions = {},
): Promise<Opened> {
  const message = decodeMessage(bytes, ['mls_private_message'])?.privateMessage;
  if (message?.contentType !== 'application' || message.epoch > BigInt(EPOCH_MAX)) return lost('malformed');
  const record = await loadRecord(transaction, group);
  if (record === undefined) return { state: 'healing', reason: 'no-state' };
  if (record.status === 'removed') return lost('removed');
  const epoch = Number(message.epoch);
  if (claimed !== undefined && claimed !== epoch) return lost('malformed');
  if (record.status === 'creating' || epoch > record.epoch) return { state: 'waiting', reason: 'epoch-ahead' };
  const kept = keptEpoch(record, epoch);
  if (kept === undefined) return lost('epoch-gone');
  const reader = await loadReader(context, transaction, record, kept);
  const opened = await openInEpoch(context, transaction, record, reader, message);
  if (opened.state !== 'healing') return opened;
  if (isTransient) return lost('forged');
  await saveRecord(transaction, { ...record, status: 'healing' });
  return opened;
}

async function openInEpoch(
  context: EngineContext,
  transaction: Transaction,
  record: GroupRecord,
  reader: EpochReader,
  message: PrivateMessage,
): Promise<Opened> {
  const suite = await context.crypto.suite(record.suite);
  const senderData = await attempt(() => decryptSenderData(message, reader.senderDataSecret, suite));
  const isSameState = isOfState(message.authenticatedData, reader.authenticator);
  if (!senderData.ok || senderData.value === undefined) {
    // Nobody has proved anything here: it may be garbage too. But a state that is not ours is a reason to look, once an epoch.
    if (isSameState || record.isProved || reader.epoch < record.epoch) return lost('forged');
    return { state: 'healing', reason: 'fork' };
  }
  const { leafIndex, generation } = senderData.value;
  const member = reader.members.get(leafIndex);
  if (!isSameState || member === undefined) return lost('forged');
  if (leafIndex === record.ownLeaf) return lost('own');
  const place: RatchetPlace = { group: record.group, epoch: reader.epoch, kind: 'application', leafIndex };
  const ratchet = await loadRatchet(transaction, place);
  if (ratchet === undefined) return lost('epoch-gone');
  const fault = generationFault(ratchet, generation);
  if (fault !== undefined) return lost(fault);
  const opened = await attempt(() =>
    unprotectPrivateMessage(
      reader.senderDataSecret,
      message,
      treeWith(ratchet, place),
      [],
      reader.context,
      RETENTION,
      suite,
      member.signatureKey,
    ),
  );
  if (!opened.ok || opened.value.content.content.contentType !== 'application') return lost('forged');
  await saveRatchet(transaction, place, ratchetIn(opened.value.tree, place));
  wipe(...opened.value.consumed);
  return decrypted(reader, member, opened.value.content.content.applicationData);
}

function generationFault(ratchet: GenerationSecret, generation: number): LostReason | undefined {
  if (generation - ratchet.generation > RETENTION.maximumForwardRatchetSteps) return 'too-far-ahead';
  return generation < ratchet.generation && ratchet.unusedGenerations[generation] === undefined
    ? 'replayed'
    : undefined;
}

function decrypted(reader: EpochReader, member: Member, content: Uint8Array): Opened {
  const { epoch, authenticator } = reader;
  const plaintext = Uint8Array.from(content);
  return { state: 'decrypted', sender: senderOf(member), plaintext, epoch, authenticator };
}

function lost(reason: LostReason): Opened {
  return { state: 'lost', reason };
}
