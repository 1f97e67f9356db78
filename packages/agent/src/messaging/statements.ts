/** Statements: appends to the log of the own account, on top of what other devices appended meanwhile. */
import type { AccountState } from '@sealane/shared/accounts';
import { ProtocolError } from '@sealane/shared/errors';
import { callFailure } from './call-failure.ts';
import type { Directory } from './directory.ts';
import type { CallServer } from './messaging-connection.ts';

const ATTEMPTS_MAX = 5;

/**
 * Appends what `make` says; after a conflict it is made again.
 *
 * @param make undefined when nothing has to be said any more.
 * @returns the state with it.
 */
export async function appendStatement(
  parts: { readonly call: CallServer; readonly directory: Directory },
  username: string,
  make: (state: AccountState) => Uint8Array | undefined,
): Promise<AccountState> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const state = await parts.directory.refresh(username);
    const statement = make(state);
    if (statement === undefined) return state;
    try {
      await parts.call(0x45, { statement });
      return await parts.directory.refresh(username);
    } catch (error) {
      if (callFailure(error)?.code !== 'E_STATEMENT_CONFLICT') throw error;
    }
  }
  throw new ProtocolError('E_STATEMENT_CONFLICT', 'the account changes all the time');
}
