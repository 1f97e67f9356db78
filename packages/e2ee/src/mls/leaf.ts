/** What a leaf of a group says about its device. Claims only: `LeafJudge` asks whether they are true. */
import { utf8Decode, utf8Encode } from '@sealane/shared/bytes';
import { decodeCredential, encodeCredential, usernameFault, type DeviceCredential } from '@sealane/shared/accounts';
import { type Credential } from 'ts-mls';
import { type LeafNode } from 'ts-mls/leafNode.js';
import { leafToNodeIndex, nodeToLeafIndex, toLeafIndex, toNodeIndex } from 'ts-mls/treemath.js';
import { type RatchetTree } from 'ts-mls/ratchetTree.js';

/** Leaf extension with the username, by which the account's log can be asked for (private range of RFC 9420 §17.3). */
export const USERNAME_EXTENSION = 0xf0a1;

/** A device in a group. */
export interface Member extends DeviceCredential {
  /** As the leaf says; true when the log of this name has the account id. */
  readonly username: string;
  readonly leafIndex: number;
  /** Ed25519 public key, 32 bytes. */
  readonly signatureKey: Uint8Array;
}

/** The basic credential of a device (RFC 9420 §5.3). @throws RangeError for a field outside its range. */
export function credentialOf(device: DeviceCredential): Credential {
  return { credentialType: 'basic', identity: encodeCredential(device) };
}

/** The device that a credential names; undefined for one of another kind. */
export function deviceOfCredential(credential: Credential): DeviceCredential | undefined {
  return credential.credentialType === 'basic' ? decodeCredential(credential.identity) : undefined;
}

/** The leaf extension that names the account; nothing about it is checked. */
export function usernameExtension(username: string): LeafNode['extensions'][number] {
  return { extensionType: USERNAME_EXTENSION, extensionData: utf8Encode(username) };
}

/** The device of a leaf; undefined where a leaf is not one of ours, also one whose account no directory could be asked for. */
export function memberOf(leaf: LeafNode, leafIndex: number): Member | undefined {
  const device = deviceOfCredential(leaf.credential);
  const extension = leaf.extensions.find(({ extensionType }) => extensionType === USERNAME_EXTENSION);
  const username = extension === undefined ? undefined : utf8Decode(extension.extensionData);
  if (device === undefined || username === undefined || usernameFault(username) !== undefined) return undefined;
  return { ...device, username, leafIndex, signatureKey: Uint8Array.from(leaf.signaturePublicKey) };
}

/** All devices of a tree, in the order of their leaves; undefined when a leaf is not one of ours. */
export function membersOf(tree: RatchetTree): Member[] | undefined {
  const members: Member[] = [];
  for (const [index, node] of tree.entries()) {
    if (node?.nodeType !== 'leaf') continue;
    const member = memberOf(node.leaf, nodeToLeafIndex(toNodeIndex(index)));
    if (member === undefined) return undefined;
    members.push(member);
  }
  return members;
}

/** The leaf of this index, counted from 0; undefined where it is blank or not there. */
export function leafAt(tree: RatchetTree, leafIndex: number): LeafNode | undefined {
  const node = tree[leafToNodeIndex(toLeafIndex(leafIndex))];
  return node?.nodeType === 'leaf' ? node.leaf : undefined;
}
