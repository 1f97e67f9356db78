/** Who may make which call: one function for all of them (docs/protocols/messaging.md §3). */
import type { CallId } from '@sealane/shared/items';
import type { Standing } from '../caller.ts';

/** Calls of those who are not logged in. */
const OF_STRANGERS: readonly CallId[] = [0x40, 0x41];
/** Calls of devices that are logged in and not listed (§3.4). */
const OF_GUESTS: readonly CallId[] = [0x40, 0x41, 0x43, 0x45, 0x46, 0x57, 0x59];

/** @returns undefined where it may be made. */
export function judgeCall(id: CallId, standing: Standing | undefined): 'E_NOT_LOGGED_IN' | 'E_NOT_LISTED' | undefined {
  if (standing === undefined) return OF_STRANGERS.includes(id) ? undefined : 'E_NOT_LOGGED_IN';
  if (standing.isListed) return undefined;
  return OF_GUESTS.includes(id) ? undefined : 'E_NOT_LISTED';
}
