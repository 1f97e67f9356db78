/**
 * LoginAttempts: how often somebody may try to prove who they are, counted by address and name together, and by address alone.
 * Never by name alone: else anybody could lock anybody out.
 */
import { TokenBuckets } from '../../limits/index.ts';
import { CallError } from '../call-error.ts';
import type { Caller } from '../caller.ts';
import type { AccountLimits } from './account-limits.ts';

export class LoginAttempts {
  readonly #perName: TokenBuckets;
  readonly #perAddress: TokenBuckets;
  readonly #now: () => number;

  constructor({ limits, now }: { readonly limits: AccountLimits; readonly now: () => number }) {
    this.#perName = new TokenBuckets(limits.loginsPerName);
    this.#perAddress = new TokenBuckets(limits.loginsPerAddress);
    this.#now = now;
  }

  /** Takes one, or nothing at all. @throws CallError `E_RATE_LIMITED`. */
  take(caller: Pick<Caller, 'addressKey'>, username: string): void {
    const { addressKey } = caller;
    const now = this.#now();
    const addressWait = this.#perAddress.take(addressKey, now);
    if (addressWait > 0) throw new CallError('E_RATE_LIMITED', { retryAfterMs: addressWait });
    const nameWait = this.#perName.take(keyOf(addressKey, username), now);
    if (nameWait === 0) return;
    this.#perAddress.giveBack(addressKey);
    throw new CallError('E_RATE_LIMITED', { retryAfterMs: nameWait });
  }

  /** It was none: nothing was tried, or there was nothing to guess. */
  giveBack({ addressKey }: Pick<Caller, 'addressKey'>, username: string): void {
    this.#perAddress.giveBack(addressKey);
    this.#perName.giveBack(keyOf(addressKey, username));
  }
}

function keyOf(addressKey: string, username: string): string {
  return `${addressKey} ${username}`;
}
