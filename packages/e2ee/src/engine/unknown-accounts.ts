/** Whose logs are needed before a group can be trusted. */
import { toHex } from '@sealane/shared/bytes';
import type { LeafJudge, Member } from '../mls/index.ts';
import type { UnknownAccount } from './types.ts';

/** Accounts of the members that the judge does not know, each once. */
export function unknownAccounts(judge: LeafJudge, members: readonly Member[]): UnknownAccount[] {
  const accounts = new Map<string, UnknownAccount>();
  for (const member of members) {
    if (judge.standingOf(member) !== 'unknown') continue;
    accounts.set(toHex(member.accountId), { accountId: member.accountId, username: member.username });
  }
  return [...accounts.values()];
}
