/** AccountBook: accounts as their logs say, read and checked once and kept while they are in use. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { toHex } from '@sealane/shared/bytes';
import type { Crypto } from '@sealane/shared/crypto';
import { StorageError, assert } from '@sealane/shared/errors';
import { listedDevices, verifyAccountLog, type AccountState } from '@sealane/shared/accounts';
import type { AccountRow } from '../store/account-tables.ts';
import type { ServiceStore } from '../store/service-store.ts';
import type { ListedDevices } from '../devices.ts';
import { RecentMap } from './recent-map.ts';

/** An account, and what its log comes to. */
export interface Account {
  readonly state: AccountState;
  readonly statements: readonly Uint8Array[];
  /** Index of the newest statement in the transparency log. */
  readonly entry: number;
  readonly password: string | undefined;
  /** 0: nobody, 1: those who share a group, 2: everybody. */
  readonly visibility: number;
  readonly lastSeenAt: number;
  readonly isEnded: boolean;
}

type AccountName = { readonly username: string } | { readonly accountId: Uint8Array };

/** Accounts that are kept; some 10 KB each, but a log may grow to a few MB. */
const ACCOUNTS_MAX = 4_096;
const ACCOUNTS_BYTES_MAX = 134_217_728;
/** What a statement takes beside its bytes: the object around them, and what it adds to the state. */
const STATEMENT_EXTRA_BYTES = 512;
/** Signatures that are checked before others get their turn: a long log stalls nobody. */
const CHECKED_AT_ONCE = 64;

export class AccountBook implements ListedDevices {
  readonly #store: Pick<ServiceStore, 'ask'>;
  readonly #crypto: Crypto;
  readonly #byName = new RecentMap<Account>(ACCOUNTS_MAX, { weightMax: ACCOUNTS_BYTES_MAX, weigh: weightOf });
  readonly #nameOf = new RecentMap<string>(ACCOUNTS_MAX);
  /** Counts changes of the accounts that are being read. */
  readonly #reading = new Map<string, { readers: number; changes: number }>();

  constructor({ store, crypto }: { readonly store: Pick<ServiceStore, 'ask'>; readonly crypto: Crypto }) {
    this.#store = store;
    this.#crypto = crypto;
  }

  /** @param username folded. @throws StorageError, `E_DATA` for a log that does not hold together. */
  async byName(username: string): Promise<Account | undefined> {
    return this.#byName.get(username) ?? (await this.#load({ username }));
  }

  /** @throws StorageError. */
  async byId(accountId: Uint8Array): Promise<Account | undefined> {
    const username = this.#nameOf.get(toHex(accountId));
    return (username === undefined ? undefined : this.#byName.get(username)) ?? (await this.#load({ accountId }));
  }

  /** This of it is otherwise in the store now. */
  change(username: string, changed: Partial<Account>): void {
    this.#markChanged(username);
    const known = this.#byName.get(username);
    if (known !== undefined) this.#byName.set(username, { ...known, ...changed });
  }

  /** It is otherwise now: it is read again when it is needed. */
  forget(username: string): void {
    this.#markChanged(username);
    this.#byName.delete(username);
  }

  // ListedDevices

  async accountOf(agentId: string): Promise<Uint8Array | undefined> {
    return (await this.#store.ask('deviceAccount', agentId))?.accountId;
  }

  async devicesOf(username: string): Promise<readonly string[] | undefined> {
    const account = await this.byName(username);
    if (account === undefined || account.isEnded) return undefined;
    return listedDevices(account.state).map(({ agentId }) => agentId);
  }

  #markChanged(username: string): void {
    const reading = this.#reading.get(username);
    if (reading !== undefined) reading.changes += 1;
  }

  /** Reads it; what has changed meanwhile is not kept as it was. */
  async #load(name: AccountName): Promise<Account | undefined> {
    const row = await this.#store.ask('findAccount', name);
    if (row === undefined) return undefined;
    const { username, accountId } = row;
    const reading = this.#reading.get(username) ?? { readers: 0, changes: 0 };
    this.#reading.set(username, reading);
    reading.readers += 1;
    const changesBefore = reading.changes;
    try {
      const account = await this.#check(row);
      if (reading.changes !== changesBefore) return this.#byName.get(username) ?? (await this.#load({ username }));
      this.#byName.set(username, account);
      this.#nameOf.set(toHex(accountId), username);
      return account;
    } finally {
      reading.readers -= 1;
      if (reading.readers === 0) this.#reading.delete(username);
    }
  }

  async #check({ statements, entry, password, visibility, lastSeenAt, isEnded }: AccountRow): Promise<Account> {
    let state: AccountState | undefined;
    for (let index = 0; index < statements.length; index += CHECKED_AT_ONCE) {
      if (index > 0) await nextTurn();
      const part = statements.slice(index, index + CHECKED_AT_ONCE);
      const result = verifyAccountLog(this.#crypto, part, state === undefined ? {} : { after: state });
      if (!result.ok) throw new StorageError('E_DATA', `the log of an account is damaged: ${result.fault.code}`);
      ({ state } = result);
    }
    assert(state !== undefined, 'an account has statements');
    return { state, statements, entry, visibility, lastSeenAt, isEnded, password: password ?? undefined };
  }
}

function weightOf({ statements }: Account): number {
  return statements.reduce((bytes, statement) => bytes + statement.length + STATEMENT_EXTRA_BYTES, 0);
}
