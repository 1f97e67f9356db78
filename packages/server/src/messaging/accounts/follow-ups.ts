/**
 * FollowUps: what follows from the log of an account that has grown, or that ended: queues, groups and key packages of its devices,
 * and word to those who share a group with it. That it is due is stored together with its cause, so that neither a crash nor a
 * disk that is full in between loses it.
 */
import { verifyAccountLog, listedDevices, type AccountState } from '@sealane/shared/accounts';
import type { Crypto } from '@sealane/shared/crypto';
import { SealaneError } from '@sealane/shared/errors';
import type { ServiceStore } from '../store/service-store.ts';
import type { Account, AccountBook } from './account-book.ts';
import type { AccountListener } from './account-listener.ts';

export interface FollowUpsOptions {
  readonly store: Pick<ServiceStore, 'ask'>;
  readonly crypto: Crypto;
  readonly book: AccountBook;
  readonly listener: AccountListener;
}

export class FollowUps {
  readonly #options: FollowUpsOptions;
  /** By name: the statements before the first one that was not followed up. */
  readonly #due = new Map<string, AccountState | undefined>();

  constructor(options: FollowUpsOptions) {
    this.#options = options;
  }

  /** Does what a crash left. What cannot be done now is done with the next statement of the account, or at the next start. */
  async start(): Promise<void> {
    const { store, crypto, book } = this.#options;
    for (const { accountId, since } of await store.ask('dueFollowUps', undefined)) {
      try {
        const account = await book.byId(accountId);
        if (account === undefined) continue;
        const before = verifyAccountLog(crypto, account.statements.slice(0, since));
        this.#due.set(account.state.username, before.ok ? before.state : undefined);
        await this.finish(account.state.username);
      } catch (error) {
        if (!(error instanceof SealaneError)) throw error;
      }
    }
  }

  /** The log of an account has grown, or it ended. @param before what it was; undefined for one that is new. */
  note(username: string, before: AccountState | undefined): void {
    if (!this.#due.has(username)) this.#due.set(username, before);
  }

  /** Does what is due of an account, if anything; one at a time for each. @throws CallError, StorageError: it stays due. */
  async finish(username: string): Promise<void> {
    if (!this.#due.has(username)) return;
    const { store, book } = this.#options;
    const account = await book.byName(username);
    if (account === undefined) return;
    if (account.isEnded) await this.#end(account);
    else await this.#follow(this.#due.get(username), account.state);
    await store.ask('followedUp', account.state.accountId);
    this.#due.delete(username);
  }

  async #end({ state }: Account): Promise<void> {
    const agentIds = await this.#free(listedDevices(state).map(({ agentId }) => agentId));
    await this.#options.listener.onAccountEnded(state.accountId, agentIds);
  }

  async #follow(before: AccountState | undefined, after: AccountState): Promise<void> {
    const { listener } = this.#options;
    const listed = listedDevices(after).map(({ agentId }) => agentId);
    const known = new Set(before === undefined ? [] : listedDevices(before).map(({ agentId }) => agentId));
    for (const agentId of listed) if (!known.has(agentId)) await listener.onListed(agentId);
    const revoked = after.devices.filter(({ agentId, revoked: end }) => end !== undefined && known.has(agentId));
    const gone = await this.#free(revoked.map(({ agentId }) => agentId));
    for (const agentId of gone) await listener.onRevoked(agentId);
    listener.onStandingChanged([...listed, ...gone]);
    if (before === undefined) return;
    const { accountId, username, count } = after;
    await listener.onLogGrown({ accountId, username, statementCount: count }, listed);
  }

  /** Those that no account lists by now: what another account did with one since is its own. */
  async #free(agentIds: readonly string[]): Promise<readonly string[]> {
    const { book } = this.#options;
    const free: string[] = [];
    for (const agentId of agentIds) if ((await book.accountOf(agentId)) === undefined) free.push(agentId);
    return free;
  }
}
