/**
 * FollowUps: what follows from the log of an account that has grown, or that ended: queues, groups and key packages of its devices,
 * and word to those who share a group with it. That it is due is stored together with its cause, so that neither a crash nor a
 * disk that is full in between loses it: what fails is tried again.
 */
import { verifyAccountLog, listedDevices, type AccountState } from '@sealane/shared/accounts';
import type { Crypto } from '@sealane/shared/crypto';
import { SealaneError } from '@sealane/shared/errors';
import type { KeyedTurns } from '../keyed-turns.ts';
import type { ServiceEnvironment } from '../devices.ts';
import type { ServiceStore } from '../store/service-store.ts';
import type { Account, AccountBook } from './account-book.ts';
import type { AccountListener } from './account-listener.ts';

export interface FollowUpsOptions {
  readonly store: Pick<ServiceStore, 'ask'>;
  readonly crypto: Crypto;
  readonly book: AccountBook;
  readonly listener: AccountListener;
  readonly environment: Pick<ServiceEnvironment, 'schedule'>;
  /** Under the names of accounts, where their logs grow. */
  readonly turns: KeyedTurns;
}

/** What is due of an account. */
interface Due {
  /** Its log up to where its devices were seen to. */
  readonly before: AccountState | undefined;
  /** Nobody knows of it yet. */
  readonly isNew: boolean;
}

/** How soon what failed is tried again: each time after twice as long, up to the second. */
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 300_000;

export class FollowUps {
  readonly #options: FollowUpsOptions;
  /** By name. */
  readonly #due = new Map<string, Due>();
  #retryMs = RETRY_MS;
  #retry: { cancel(): void } | undefined;
  #isTrying = false;
  #isStopped = false;

  constructor(options: FollowUpsOptions) {
    this.#options = options;
  }

  /** Does what a crash left; what of it cannot be done now is tried again. @throws StorageError. */
  async start(): Promise<void> {
    const { store, crypto, book } = this.#options;
    for (const { accountId, since } of await store.ask('dueFollowUps', undefined)) {
      try {
        const account = await book.byId(accountId);
        if (account === undefined) continue;
        const before = verifyAccountLog(crypto, account.statements.slice(0, since));
        this.note(account.state.username, before.ok ? before.state : undefined);
      } catch (error) {
        // A damaged log grows no more, and keeps none of the others.
        if (!(error instanceof SealaneError) || error.code !== 'E_DATA') throw error;
      }
    }
    await this.#finishAll();
  }

  /** Tries nothing again; what is due is done at the next start. */
  stop(): void {
    this.#isStopped = true;
    this.#retry?.cancel();
  }

  /** The log of an account has grown, or it ended. @param before what it was; undefined for one that is new. */
  note(username: string, before: AccountState | undefined): void {
    if (!this.#due.has(username)) this.#due.set(username, { before, isNew: before === undefined });
  }

  /** Does what is due of an account, if anything; in its turn. @throws CallError, StorageError: it is tried again. */
  async finish(username: string): Promise<void> {
    const due = this.#due.get(username);
    if (due === undefined) return;
    const { store, book } = this.#options;
    try {
      const account = await book.byName(username);
      if (account === undefined) return;
      if (account.isEnded) await this.#end(due, account);
      else await this.#follow(due, account.state);
      await store.ask('followedUp', account.state.accountId);
      this.#due.delete(username);
      if (this.#due.size === 0) this.#retryMs = RETRY_MS;
    } catch (error) {
      this.#tryAgain();
      throw error;
    }
  }

  async #finishAll(): Promise<void> {
    const { turns, listener } = this.#options;
    this.#isTrying = true;
    for (const username of [...this.#due.keys()]) {
      if (this.#isStopped) break;
      try {
        await turns.run(username, () => this.finish(username));
      } catch (error) {
        if (!(error instanceof SealaneError)) listener.onFault(error);
      }
    }
    this.#isTrying = false;
    if (this.#due.size > 0) this.#tryAgain();
  }

  /** All that is due, together: what is in the way of one is in the way of others. */
  #tryAgain(): void {
    if (this.#retry !== undefined || this.#isTrying || this.#isStopped) return;
    this.#retry = this.#options.environment.schedule(this.#retryMs, () => {
      this.#retry = undefined;
      void this.#finishAll();
    });
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
  }

  async #end({ before }: Due, { state }: Account): Promise<void> {
    // Also those that were revoked before it ended, where nothing followed from that.
    const agentIds = new Set([...agentIdsOf(before), ...agentIdsOf(state)]);
    await this.#options.listener.onAccountEnded(state.accountId, await this.#free([...agentIds]));
  }

  async #follow({ before, isNew }: Due, after: AccountState): Promise<void> {
    const { listener } = this.#options;
    const { accountId, username, count } = after;
    const listed = agentIdsOf(after);
    const known = new Set(agentIdsOf(before));
    const revoked = after.devices.filter(({ agentId, revoked: end }) => end !== undefined && known.has(agentId));
    const gone = await this.#free(revoked.map(({ agentId }) => agentId));
    // What needs no disk first, and what takes something away before what gives.
    listener.onStandingChanged([...listed, ...gone]);
    for (const agentId of gone) await listener.onRevoked(agentId);
    for (const agentId of listed) if (!known.has(agentId)) await listener.onListed(agentId);
    if (isNew) return;
    this.#due.set(username, { before: after, isNew });
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

/** The devices that a log lists. */
function agentIdsOf(state: AccountState | undefined): readonly string[] {
  return state === undefined ? [] : listedDevices(state).map(({ agentId }) => agentId);
}
