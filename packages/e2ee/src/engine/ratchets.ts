/**
 * The ratchets of senders: one small row each, so that a message changes some hundred bytes. `ts-mls` takes the whole
 * secret tree; it gets one in which only the ratchet in question is there.
 */
import { StorageError } from '@sealane/shared/errors';
import {
  decodeGenerationSecret,
  generationSecretEncoder,
  type GenerationSecret,
  type SecretTree,
} from 'ts-mls/secretTree.js';
import { encode } from 'ts-mls/codec/tlsEncoder.js';
import { leafToNodeIndex, toLeafIndex } from 'ts-mls/treemath.js';
import type { Transaction } from '../storage/index.ts';
import { TABLES, bytesOf } from './tables.ts';

/** Messages and handshakes have ratchets of their own (RFC 9420 §9.1). */
export type RatchetKind = 'application' | 'handshake';

/** Where a ratchet is. */
export interface RatchetPlace {
  readonly group: Uint8Array;
  readonly epoch: number;
  readonly kind: RatchetKind;
  readonly leafIndex: number;
}

const encodeRatchet = encode(generationSecretEncoder);
const EMPTY: GenerationSecret = { secret: new Uint8Array(), generation: 0, unusedGenerations: {} };

export async function loadRatchet(
  transaction: Transaction,
  { group, epoch, kind, leafIndex }: RatchetPlace,
): Promise<GenerationSecret | undefined> {
  const row = await transaction.get(TABLES.ratchets, [group, epoch, kind, leafIndex]);
  if (row === undefined) return undefined;
  const decoded = decodeGenerationSecret(bytesOf(row, 'ratchet'), 0);
  if (decoded === undefined) throw new StorageError('E_DATA', 'the message database has a damaged ratchet');
  return decoded[0];
}

export async function saveRatchet(
  transaction: Transaction,
  { group, epoch, kind, leafIndex }: RatchetPlace,
  ratchet: GenerationSecret,
): Promise<void> {
  await transaction.put(TABLES.ratchets, [group, epoch, kind, leafIndex], { ratchet: encodeRatchet(ratchet) });
}

/** Writes the ratchets of all leaves that are taken. */
export async function saveRatchets(
  transaction: Transaction,
  group: Uint8Array,
  epoch: number,
  tree: SecretTree,
  leaves: readonly number[],
): Promise<void> {
  for (const leafIndex of leaves) {
    const node = tree[leafToNodeIndex(toLeafIndex(leafIndex))];
    if (node === undefined) throw new StorageError('E_INTERNAL', 'a leaf has no ratchets');
    await saveRatchet(transaction, { group, epoch, kind: 'application', leafIndex }, node.application);
    await saveRatchet(transaction, { group, epoch, kind: 'handshake', leafIndex }, node.handshake);
  }
}

/** A secret tree with one ratchet. */
export function treeWith(ratchet: GenerationSecret, { kind, leafIndex }: RatchetPlace): SecretTree {
  const tree: SecretTree = [];
  tree[leafToNodeIndex(toLeafIndex(leafIndex))] = { application: EMPTY, handshake: EMPTY, [kind]: ratchet };
  return tree;
}

/** The ratchet of `treeWith` again, after a step. */
export function ratchetIn(tree: SecretTree, { kind, leafIndex }: RatchetPlace): GenerationSecret {
  const node = tree[leafToNodeIndex(toLeafIndex(leafIndex))];
  if (node === undefined) throw new StorageError('E_INTERNAL', 'a step lost its ratchet');
  return node[kind];
}
