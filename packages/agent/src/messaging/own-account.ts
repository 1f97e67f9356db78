/** OwnAccount: the row of this device's account, and what may be done with it. */
import type { Crypto } from '@sealane/shared/crypto';
import { ConfigError, ProtocolError } from '@sealane/shared/errors';
import { DeviceKeys } from '@sealane/e2ee/keys';
import type { Transaction } from '@sealane/e2ee/storage';
import { explained } from '@sealane/node/config';
import type { Journal } from './journal.ts';
import { tables, type AccountRow } from './tables.ts';

export class OwnAccount {
  readonly #journal: Journal;
  readonly #crypto: Crypto;

  constructor(journal: Journal, crypto: Crypto) {
    this.#journal = journal;
    this.#crypto = crypto;
  }

  /** Undefined where there is none in this data directory. */
  find(): Promise<AccountRow | undefined> {
    return this.#journal.transaction((tx) => tables.account.get(tx, 'self'));
  }

  /**
   * The account of a device that is listed and whole.
   *
   * @throws ConfigError `E_NO_ACCOUNT_HERE`; ProtocolError `E_NOT_LISTED`, `E_DEVICE_CLONED`.
   */
  async require(): Promise<AccountRow> {
    return usable(await this.find());
  }

  /** As `require`, inside a transaction. */
  async requireIn(tx: Transaction): Promise<AccountRow> {
    return usable(await tables.account.get(tx, 'self'));
  }

  async change(fields: Partial<AccountRow>): Promise<void> {
    await this.#journal.transaction(async (tx) => {
      const row = await tables.account.get(tx, 'self');
      if (row !== undefined) await tables.account.patch(tx, row, fields);
    });
  }

  /** What signs for this device. */
  keys({ deviceKeys }: Pick<AccountRow, 'deviceKeys'>): DeviceKeys {
    return new DeviceKeys(this.#crypto, deviceKeys);
  }
}

function usable(row: AccountRow | undefined): AccountRow {
  if (row === undefined || row.phase === 'registering' || row.phase === 'ended') throw noAccount();
  if (row.phase === 'cloned') throw clonedError();
  if (row.phase === 'revoked') {
    throw explained(new ProtocolError('E_NOT_LISTED', 'This device was revoked'), {
      why: 'Another device of the account, or its recovery key, ended the rights of this one.',
      next: 'Link it again as a new device, with a fresh --data-dir.',
    });
  }
  if (row.phase === 'linking') {
    throw explained(new ProtocolError('E_NOT_LISTED', `This device does not belong to ${row.username} yet`), {
      next: 'Run: device link, and approve the code at another device.',
    });
  }
  return row;
}

/** @returns the error for a data directory without an account. */
export function noAccount(): ConfigError {
  return explained(new ConfigError('E_NO_ACCOUNT_HERE', 'This data directory has no account'), {
    next: 'Run: account register USER, or account login USER.',
  });
}

/** @returns the error for a device whose session was ended. */
export function loggedOut({ username }: Pick<AccountRow, 'username'>): ProtocolError {
  return explained(new ProtocolError('E_NOT_LOGGED_IN', 'This device is logged out, so nothing comes or goes'), {
    why: 'Its session was ended with `account logout`, or because the account ended or the device was revoked.',
    next: `Run: account login ${username}`,
  });
}

/** @returns the error of a device that exists twice. */
export function clonedError(): ProtocolError {
  const error = new ProtocolError('E_DEVICE_CLONED', 'Another copy of this device is at work');
  return explained(error, {
    why: 'The data directory was copied or restored from a backup, and both copies sent messages.',
    next: 'Go on with one of them, or link this one as a new device with a fresh --data-dir.',
  });
}
