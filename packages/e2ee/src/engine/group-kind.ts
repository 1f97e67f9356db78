/** Whether a group is a chat of two: an extension of the group context, so that all members agree on it. */
import { type GroupContext } from 'ts-mls';
import { countAccounts } from './membership.ts';
import type { Sender } from './types.ts';

/** Private range of RFC 9420 §17.3. */
export const KIND_EXTENSION = 0xf0a2;
const DIRECT = 1;

/** Accounts of a chat of two. */
export const DIRECT_ACCOUNTS_MAX = 2;

export function kindExtensions(isDirect: boolean): GroupContext['extensions'] {
  return isDirect ? [{ extensionType: KIND_EXTENSION, extensionData: Uint8Array.of(DIRECT) }] : [];
}

export function isDirectState({ extensions }: GroupContext): boolean {
  return extensions.some(({ extensionType, extensionData }) => {
    return extensionType === KIND_EXTENSION && extensionData[0] === DIRECT;
  });
}

/** Whether a group has no more accounts than its kind allows. */
export function isKindKept(context: GroupContext, members: readonly Sender[]): boolean {
  return !isDirectState(context) || countAccounts(members) <= DIRECT_ACCOUNTS_MAX;
}
