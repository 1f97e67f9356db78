/** Who came and who went between two epochs, and who was seen going: a lying server could bring them back. */
import { equalBytes, toHex } from '@sealane/shared/bytes';
import type { Member } from '../mls/index.ts';
import type { Transaction } from '../storage/index.ts';
import { TABLES } from './tables.ts';
import type { Sender } from './types.ts';

export interface MembershipChange {
  readonly added: readonly Sender[];
  readonly removed: readonly Sender[];
}

export function isSameDevice(left: Sender, right: Sender): boolean {
  return left.agentId === right.agentId && equalBytes(left.accountId, right.accountId);
}

export function senderOf({ accountId, agentId }: Sender): Sender {
  return { accountId, agentId };
}

/** Devices that are in one list and not in the other; one that has another leaf now is in both. */
export function membershipChange(before: readonly Member[], after: readonly Member[]): MembershipChange {
  const without = (members: readonly Member[], others: readonly Member[]): Sender[] => {
    const names = new Set(others.map(nameOf));
    return members.filter((member) => !names.has(nameOf(member))).map(senderOf);
  };
  return { added: without(after, before), removed: without(before, after) };
}

/** Remembers who went; whoever was added by a commit that this device took may be there again. */
export async function rememberChange(
  transaction: Transaction,
  group: Uint8Array,
  { added, removed }: MembershipChange,
): Promise<void> {
  for (const { accountId, agentId } of removed) {
    await transaction.put(TABLES.removed, [group, accountId, agentId], { accountId, agentId });
  }
  for (const { accountId, agentId } of added) await transaction.delete(TABLES.removed, [group, accountId, agentId]);
}

/** Whether one of these devices was seen going. */
export async function isAnyReturned(
  transaction: Transaction,
  group: Uint8Array,
  members: readonly Sender[],
): Promise<boolean> {
  for (const { accountId, agentId } of members) {
    if ((await transaction.get(TABLES.removed, [group, accountId, agentId])) !== undefined) return true;
  }
  return false;
}

/** How many accounts these devices belong to. */
export function countAccounts(members: readonly Sender[]): number {
  return new Set(members.map(({ accountId }) => toHex(accountId))).size;
}

function nameOf({ accountId, agentId }: Sender): string {
  return `${toHex(accountId)}/${agentId}`;
}
