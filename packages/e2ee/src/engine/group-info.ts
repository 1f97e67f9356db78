/** GroupInfo of an epoch: what a device needs to join by an external commit, and what it has to repeat there. */
import { equalBytes } from '@sealane/shared/bytes';
import { createGroupInfoWithExternalPubAndRatchetTree, encodeMlsMessage, type ClientState } from 'ts-mls';
import { ratchetTreeFromExtension, type GroupInfo } from 'ts-mls/groupInfo.js';
import { attempt, decodeMessage, isWalkable, membersOf, type Member, type SuiteName } from '../mls/index.ts';
import type { EngineContext } from './context.ts';
import { AUTHENTICATOR_BYTES, authenticatorOf } from './epoch-reader.ts';
import { isPlaceable } from './epoch.ts';

/** Extension with the authenticator of the epoch, which who joins cannot know (private range of RFC 9420 §17.3). */
const AUTHENTICATOR_EXTENSION = 0xf0a3;

/** The GroupInfo of a state, signed by this device, with its tree. */
export async function makeGroupInfo(context: EngineContext, suite: SuiteName, state: ClientState): Promise<Uint8Array> {
  const primitives = await context.crypto.suite(suite);
  const extension = {
    extensionType: AUTHENTICATOR_EXTENSION,
    extensionData: await authenticatorOf(context, suite, state),
  };
  const groupInfo = await createGroupInfoWithExternalPubAndRatchetTree(state, [extension], primitives);
  return encodeMlsMessage({ version: 'mls10', wireformat: 'mls_group_info', groupInfo });
}

/** What a GroupInfo says. Nothing of it is checked yet. */
export interface ReadGroupInfo {
  readonly info: GroupInfo;
  readonly authenticator: Uint8Array;
  readonly members: readonly Member[];
  readonly signer: Member;
}

export async function readGroupInfo(bytes: Uint8Array, group: Uint8Array): Promise<ReadGroupInfo | undefined> {
  const info = decodeMessage(bytes, ['mls_group_info'])?.groupInfo;
  if (info === undefined || !equalBytes(info.groupContext.groupId, group)) return undefined;
  if (!isPlaceable(info.groupContext)) return undefined;
  const tree = await attempt(async () => await Promise.resolve(info).then(ratchetTreeFromExtension));
  const members = tree.ok && tree.value !== undefined && isWalkable(tree.value) ? membersOf(tree.value) : undefined;
  const signer = members?.find(({ leafIndex }) => leafIndex === info.signer);
  const authenticator = info.extensions.find(({ extensionType }) => extensionType === AUTHENTICATOR_EXTENSION);
  if (members === undefined || signer === undefined) return undefined;
  if (authenticator?.extensionData.length !== AUTHENTICATOR_BYTES) return undefined;
  return { info, authenticator: authenticator.extensionData, members, signer };
}
