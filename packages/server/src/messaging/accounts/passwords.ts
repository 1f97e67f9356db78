/**
 * Passwords: what their length may be, whether one is the present one of an account, and how it changes
 * (docs/protocols/messaging.md §2.5, §2.6).
 */
import { utf8Encode } from '@sealane/shared/bytes';
import { PASSWORD_BYTES_MAX } from '@sealane/shared/packets';
import { CallError } from '../call-error.ts';
import type { Caller } from '../caller.ts';
import type { ServiceStore } from '../store/service-store.ts';
import type { Account, AccountBook } from './account-book.ts';
import type { LoginAttempts } from './login-attempts.ts';
import type { PasswordHasher } from './password-hasher.ts';

export interface PasswordsOptions {
  readonly store: Pick<ServiceStore, 'ask'>;
  readonly book: AccountBook;
  readonly hasher: PasswordHasher;
  readonly attempts: LoginAttempts;
  /** Hears of wrong ones. */
  readonly onRefused: (caller: Caller) => void;
}

const PASSWORD_BYTES_MIN = 8;

export class Passwords {
  readonly #options: PasswordsOptions;

  constructor(options: PasswordsOptions) {
    this.#options = options;
  }

  /**
   * Whether it is the present password of an account that has one. It counts as a login: whoever holds a device guesses no
   * faster here.
   *
   * @throws CallError `E_LOGIN_FAILED`, `E_RATE_LIMITED`, `E_BUSY`.
   */
  async check(caller: Caller, { state, password: kept }: Account, password: string | null): Promise<void> {
    if (kept === undefined) return;
    if (password === null || isTooLong(password)) throw new CallError('E_LOGIN_FAILED');
    const { hasher, attempts, onRefused } = this.#options;
    attempts.take(caller, state.username);
    const { isRight } = await hasher
      .verify(password, () => Promise.resolve(kept))
      .catch((error: unknown) => {
        attempts.giveBack(caller, state.username);
        throw error;
      });
    if (isRight) return;
    onRefused(caller);
    throw new CallError('E_LOGIN_FAILED');
  }

  /**
   * Another one from now on; all sessions but that of the caller end.
   *
   * @returns the agents whose sessions ended.
   * @throws CallError `E_BUSY`; StorageError.
   */
  async change(
    { agentId }: Pick<Caller, 'agentId'>,
    { state: { accountId, username } }: Account,
    newPassword: string,
  ): Promise<readonly string[]> {
    const { store, hasher, book } = this.#options;
    const password = await hasher.hash(newPassword);
    const ended = await store.ask('changePassword', { accountId, password, by: agentId });
    book.change(username, { password });
    return ended;
  }
}

/** Whether a password is longer than any that was ever set. */
export function isTooLong(password: string): boolean {
  return password.length > PASSWORD_BYTES_MAX || utf8Encode(password).length > PASSWORD_BYTES_MAX;
}

/** @throws CallError `E_BAD_PASSWORD` for one that may not be set. */
export function checkPassword(password: string): void {
  if (isTooLong(password) || utf8Encode(password).length < PASSWORD_BYTES_MIN) throw new CallError('E_BAD_PASSWORD');
}
