/**
 * Directory: what anybody may ask about an account: its statements with the proofs of the transparency log, names in order, and
 * who is online, as far as an account shows it (docs/protocols/messaging.md §4, §11).
 */
import { foldUsername } from '@sealane/shared/accounts';
import { toHex } from '@sealane/shared/bytes';
import { STATEMENTS_PER_PACKET_MAX } from '@sealane/shared/packets';
import { TokenBuckets } from '../../limits/index.ts';
import type { Account, AccountBook } from '../accounts/account-book.ts';
import type { AccountLimits } from '../accounts/account-limits.ts';
import { CallError } from '../call-error.ts';
import type { Caller, Standing } from '../caller.ts';
import type { ServiceEnvironment } from '../devices.ts';
import type { ServiceStore } from '../store/service-store.ts';
import type { ProvedEntry, ProvedHead, TransparencyLog } from '../transparency/transparency-log.ts';

export interface DirectoryOptions {
  readonly store: Pick<ServiceStore, 'ask'>;
  readonly book: AccountBook;
  readonly log: TransparencyLog;
  readonly environment: ServiceEnvironment;
  readonly limits: AccountLimits;
}

/** An account as it is shown to one who asks. */
export interface DirectoryAnswer {
  readonly statements: readonly Uint8Array[];
  readonly statementCount: number;
  readonly proof: ProvedEntry;
  /** 0: not shown, 1: away, 2: online. */
  readonly presence: number;
  /** Unix time in ms; 0 for not shown. */
  readonly lastSeenAt: number;
}

/** Who may see whether an account is online. */
const VISIBLE = { nobody: 0, contacts: 1, everybody: 2 } as const;
const PRESENCE = { hidden: 0, away: 1, online: 2 } as const;

export class Directory {
  readonly #options: DirectoryOptions;
  readonly #queries: TokenBuckets;
  /** Connections of each account, by its id. */
  readonly #connections = new Map<string, number>();

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#queries = new TokenBuckets(options.limits.queriesPerDevice);
  }

  /** @throws CallError `E_NO_ACCOUNT`, `E_BAD_REQUEST`, `E_CALL_LIMIT`; StorageError. */
  async query(
    caller: Caller,
    asking: Standing,
    request: { readonly username: string; readonly fromIndex: number; readonly treeSize: number },
  ): Promise<DirectoryAnswer> {
    this.#take(caller);
    const username = foldUsername(request.username);
    const answer = await this.#proved(request.treeSize, username);
    if (answer === undefined) throw new CallError('E_NO_ACCOUNT');
    const { account } = answer.found;
    const statements = account.statements.slice(request.fromIndex, request.fromIndex + STATEMENTS_PER_PACKET_MAX);
    const shown = (await this.#isShown(asking, account)) ? this.#presenceOf(account) : { presence: 0, lastSeenAt: 0 };
    return { statements, statementCount: account.state.count, proof: answer.proof, ...shown };
  }

  /** Names of accounts after one, in order. @throws CallError `E_CALL_LIMIT`; StorageError. */
  async list(
    caller: Caller,
    { after, limit }: { readonly after: string | null; readonly limit: number },
  ): Promise<{ readonly usernames: readonly string[]; readonly hasMore: boolean }> {
    this.#take(caller);
    const usernames = await this.#options.store.ask('listUsernames', { after: after ?? '', limit: limit + 1 });
    return { usernames: usernames.slice(0, limit), hasMore: usernames.length > limit };
  }

  /** @throws CallError `E_BAD_REQUEST`, `E_CALL_LIMIT`; StorageError. */
  async head(caller: Caller, treeSize: number): Promise<ProvedHead> {
    this.#take(caller);
    return await this.#options.log.headSince(treeSize).catch(refuseSize);
  }

  /** @throws StorageError. */
  async setVisibility({ accountId, username }: Standing, visibility: number): Promise<void> {
    await this.#options.store.ask('setVisibility', { accountId, visibility });
    this.#options.book.change(username, { visibility });
  }

  /** A device of an account is connected. @returns what ends that. */
  enter({ accountId, username }: Standing): () => void {
    const key = toHex(accountId);
    this.#connections.set(key, (this.#connections.get(key) ?? 0) + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const left = (this.#connections.get(key) ?? 1) - 1;
      if (left > 0) this.#connections.set(key, left);
      else this.#connections.delete(key);
      const { store, environment, book } = this.#options;
      const at = environment.wallClock();
      // For display: who asks before it is written sees the time before.
      store.ask('noteSeen', { accountId, at }).then(
        () => book.change(username, { lastSeenAt: at }),
        () => undefined,
      );
    };
  }

  async #proved(treeSize: number, username: string) {
    const { book, log } = this.#options;
    const find = async () => {
      const account = await book.byName(username);
      return account === undefined ? undefined : { account, entry: account.entry, username };
    };
    // A long log that is not kept is checked before it is its turn: others wait for proofs, not for that.
    await find();
    return await log.entrySince(treeSize, find).catch(refuseSize);
  }

  async #isShown({ accountId }: Standing, { state, visibility, isEnded }: Account): Promise<boolean> {
    if (isEnded) return false;
    if (toHex(accountId) === toHex(state.accountId) || visibility === VISIBLE.everybody) return true;
    if (visibility === VISIBLE.nobody) return false;
    return await this.#options.store.ask('shareGroup', { left: accountId, right: state.accountId });
  }

  #presenceOf({ state, lastSeenAt }: Account): Pick<DirectoryAnswer, 'presence' | 'lastSeenAt'> {
    const isOnline = this.#connections.has(toHex(state.accountId));
    if (isOnline) return { presence: PRESENCE.online, lastSeenAt: this.#options.environment.wallClock() };
    return { presence: PRESENCE.away, lastSeenAt };
  }

  #take({ agentId }: Caller): void {
    const wait = this.#queries.take(agentId, this.#options.environment.now());
    if (wait > 0) throw new CallError('E_CALL_LIMIT', { retryAfterMs: wait });
  }
}

/** A head that the server never made. */
function refuseSize(error: unknown): never {
  if (error instanceof RangeError) throw new CallError('E_BAD_REQUEST');
  throw error;
}
