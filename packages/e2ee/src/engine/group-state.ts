/** The cold part of the present epoch: tree, private path, key schedule. Read for commits only. */
import { StorageError } from '@sealane/shared/errors';
import { type ClientState } from 'ts-mls';
import { decodeGroupContext, encodeGroupContext } from 'ts-mls/groupContext.js';
import { decodeKeySchedule, encodeKeySchedule } from 'ts-mls/keySchedule.js';
import { decodePrivateKeyPath, privateKeyPathEncoder } from 'ts-mls/privateKeyPath.js';
import { decodeRatchetTree, encodeRatchetTree } from 'ts-mls/ratchetTree.js';
import { encode } from 'ts-mls/codec/tlsEncoder.js';
import { clientConfigOf, type LeafJudge } from '../mls/index.ts';
import type { Row, Transaction } from '../storage/index.ts';
import type { EngineContext } from './context.ts';
import { TABLES, bytesOf } from './tables.ts';

const encodePath = encode(privateKeyPathEncoder);

/** Fields of a state without its ratchets, for a row. */
export function stateFields(state: ClientState): Row {
  // A key of a node that is blank now opens nothing that comes, only what was.
  const keys = Object.entries(state.privatePath.privateKeys).filter(([node]) => state.ratchetTree[Number(node)]);
  return {
    context: encodeGroupContext(state.groupContext),
    schedule: encodeKeySchedule(state.keySchedule),
    tree: encodeRatchetTree(state.ratchetTree),
    path: encodePath({ ...state.privatePath, privateKeys: Object.fromEntries(keys) }),
    confirmationTag: state.confirmationTag,
  };
}

/** A state from its fields, without ratchets. */
export function stateOf(context: EngineContext, row: Row, judge: LeafJudge): ClientState {
  const groupContext = decodeGroupContext(bytesOf(row, 'context'), 0);
  const keySchedule = decodeKeySchedule(bytesOf(row, 'schedule'), 0);
  const ratchetTree = decodeRatchetTree(bytesOf(row, 'tree'), 0);
  const privatePath = decodePrivateKeyPath(bytesOf(row, 'path'), 0);
  if (!groupContext || !keySchedule || !ratchetTree || !privatePath) {
    throw new StorageError('E_DATA', 'the message database has a damaged state of a group');
  }
  return {
    groupContext: groupContext[0],
    keySchedule: keySchedule[0],
    ratchetTree: ratchetTree[0],
    privatePath: privatePath[0],
    confirmationTag: bytesOf(row, 'confirmationTag'),
    secretTree: [],
    signaturePrivateKey: context.device.signingSeed,
    unappliedProposals: {},
    historicalReceiverData: new Map(),
    groupActiveState: { kind: 'active' },
    clientConfig: clientConfigOf(judge),
  };
}

export async function saveState(transaction: Transaction, group: Uint8Array, state: ClientState): Promise<void> {
  await transaction.put(TABLES.states, [group], stateFields(state));
}

export async function loadState(
  context: EngineContext,
  transaction: Transaction,
  group: Uint8Array,
  judge: LeafJudge,
): Promise<ClientState> {
  const row = await transaction.get(TABLES.states, [group]);
  if (row === undefined) throw new StorageError('E_DATA', 'the message database lacks the state of a group');
  return stateOf(context, row, judge);
}
