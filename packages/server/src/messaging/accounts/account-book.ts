/** AccountBook: accounts as their logs say, read once and kept while they are in use. */
import { toHex } from '@sealane/shared/bytes';
import type { Crypto } from '@sealane/shared/crypto';
import { StorageError } from '@sealane/shared/errors';
import { listedDevices, verifyAccountLog, type AccountState } from '@sealane/shared/accounts';
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

/** Accounts that are kept; some 10 KB each. */
const ACCOUNTS_MAX = 4_096;

export class AccountBook implements ListedDevices {
  readonly #store: Pick<ServiceStore, 'ask'>;
  readonly #crypto: Crypto;
  readonly #byName = new RecentMap<Account>(ACCOUNTS_MAX);
  readonly #nameOf = new RecentMap<string>(ACCOUNTS_MAX);

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

  /** It is otherwise now: it is read again when it is needed. */
  forget(username: string): void {
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

  async #load(ask: { readonly username: string } | { readonly accountId: Uint8Array }): Promise<Account | undefined> {
    const row = await this.#store.ask('findAccount', ask);
    if (row === undefined) return undefined;
    const result = verifyAccountLog(this.#crypto, row.statements);
    if (!result.ok) throw new StorageError('E_DATA', `the log of an account is damaged: ${result.fault.code}`);
    const { statements, entry, password, visibility, lastSeenAt, isEnded } = row;
    const common = { statements, entry, visibility, lastSeenAt, isEnded };
    const account: Account = { state: result.state, ...common, password: password ?? undefined };
    this.#byName.set(row.username, account);
    this.#nameOf.set(toHex(row.accountId), row.username);
    return account;
  }
}
