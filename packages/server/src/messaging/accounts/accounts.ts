/**
 * Accounts: making them, the statements of their logs, passwords, and their end (docs/protocols/messaging.md §2, §4). What a
 * statement says is checked here as every client checks it; the step that stores it appends to the transparency log as well.
 */
import { equalBytes } from '@sealane/shared/bytes';
import type { Crypto } from '@sealane/shared/crypto';
import {
  applyStatement,
  decodeStatement,
  deviceOf,
  foldUsername,
  listedDevices,
  usernameFault,
  verifyAccountLog,
  type AccountState,
} from '@sealane/shared/accounts';
import { TokenBuckets } from '../../limits/index.ts';
import { KeyedTurns } from '../keyed-turns.ts';
import { CallError } from '../call-error.ts';
import { isListedIn, type Caller, type Standing } from '../caller.ts';
import type { ServiceEnvironment } from '../devices.ts';
import type { NewStatements } from '../store/account-tables.ts';
import type { ServiceStore } from '../store/service-store.ts';
import type { TransparencyLog } from '../transparency/transparency-log.ts';
import type { Account, AccountBook } from './account-book.ts';
import type { AccountLimits } from './account-limits.ts';
import type { AccountListener } from './account-listener.ts';
import { FollowUps } from './follow-ups.ts';
import type { LoginAttempts } from './login-attempts.ts';
import type { PasswordHasher } from './password-hasher.ts';
import { Passwords, checkPassword } from './passwords.ts';
import type { Registration } from './registration.ts';

export interface AccountsOptions {
  readonly store: Pick<ServiceStore, 'ask'>;
  readonly crypto: Crypto;
  readonly book: AccountBook;
  readonly log: TransparencyLog;
  readonly hasher: PasswordHasher;
  readonly attempts: LoginAttempts;
  readonly registration: Registration;
  readonly environment: ServiceEnvironment;
  readonly limits: AccountLimits;
  readonly listener: AccountListener;
}

/** A device that is logged in and makes a call. */
export type AccountCaller = Caller & Standing;

/** What Register brings. */
export interface RegisterRequest {
  readonly username: string;
  readonly password: string | null;
  readonly statements: readonly Uint8Array[];
  readonly token: Uint8Array | null;
}

/** What is told of statements that were not stored. */
const REFUSALS = {
  conflict: 'E_STATEMENT_CONFLICT',
  'username-taken': 'E_USERNAME_TAKEN',
  'device-taken': 'E_BAD_STATEMENT',
  'device-unknown': 'E_BAD_STATEMENT',
  'token-used': 'E_TOKEN_USED',
} as const;
/** Genesis, and the first device. */
const FIRST_STATEMENTS = 2;

export class Accounts {
  readonly #options: AccountsOptions;
  readonly #turns = new KeyedTurns();
  readonly #passwords: Passwords;
  readonly #followUps: FollowUps;
  readonly #registrations: TokenBuckets;
  readonly #statements: TokenBuckets;

  constructor(options: AccountsOptions) {
    this.#options = options;
    const { listener } = options;
    this.#passwords = new Passwords({ ...options, onRefused: (caller) => listener.onPasswordRefused(caller) });
    this.#followUps = new FollowUps({ ...options, turns: this.#turns });
    this.#registrations = new TokenBuckets(options.limits.registrationsPerAddress);
    this.#statements = new TokenBuckets(options.limits.statementsPerDevice);
  }

  /** Does what a crash left. @throws StorageError. */
  async start(): Promise<void> {
    await this.#followUps.start();
  }

  /** Begins nothing of its own any more. */
  stop(): void {
    this.#followUps.stop();
  }

  /**
   * Makes an account, or finds that this device has made it before.
   *
   * @throws CallError `E_BAD_USERNAME`, `E_BAD_PASSWORD`, `E_BAD_STATEMENT`, `E_USERNAME_TAKEN`, `E_REGISTRATION_CLOSED`,
   *   `E_TOKEN_…`, `E_RATE_LIMITED`, `E_BUSY`; StorageError.
   */
  async register(caller: Caller, request: RegisterRequest): Promise<Account> {
    const username = foldUsername(request.username);
    if (usernameFault(username) !== undefined) throw new CallError('E_BAD_USERNAME');
    if (request.password !== null) checkPassword(request.password);
    // Before anything that costs.
    take(this.#registrations, caller.addressKey, this.#options.environment.now());
    const state = this.#firstState(caller, { ...request, username });
    return await this.#turns.run(username, async () => {
      const { book, registration } = this.#options;
      const known = await book.byName(username);
      if (known !== undefined && isOwn(known, state) && isListedIn(known.state, caller)) {
        await this.#followUps.finish(username);
        return known;
      }
      // Before it is told whether the name is taken: those who may not register learn no names.
      const tokenId = registration.judge({ ...caller, token: request.token });
      if (known !== undefined) throw new CallError('E_USERNAME_TAKEN');
      await this.#storeFirst(state, { ...request, tokenId });
      return await this.#present(username);
    });
  }

  /**
   * Appends a statement to the log of an account; the last one once more is answered as the first time.
   *
   * @returns its index.
   * @throws CallError `E_STATEMENT_CONFLICT`, `E_BAD_STATEMENT`, `E_NOT_LISTED`, `E_CALL_LIMIT`; StorageError.
   */
  async append(caller: AccountCaller, statement: Uint8Array): Promise<number> {
    const { username, isListed } = caller;
    if (!isListed && !isListingOf(caller, statement)) throw new CallError('E_NOT_LISTED');
    return await this.#turns.run(username, async () => {
      const { crypto, environment } = this.#options;
      const account = await this.#present(username);
      const { state: before, statements } = account;
      const last = statements.at(-1);
      if (last !== undefined && equalBytes(last, statement)) {
        // What follows from it may not have happened.
        await this.#followUps.finish(username);
        return before.count - 1;
      }
      const wait = this.#statements.take(caller.agentId, environment.now());
      if (wait > 0) throw new CallError('E_CALL_LIMIT', { retryAfterMs: wait });
      const result = applyStatement(crypto, before, statement);
      if (!result.ok) {
        const isConflict = result.fault.code === 'wrong-index' || result.fault.code === 'wrong-previous';
        throw new CallError(isConflict ? 'E_STATEMENT_CONFLICT' : 'E_BAD_STATEMENT');
      }
      const { state } = result;
      await this.#store(state, { account: undefined, before: statements, statements: [statement] });
      this.#followUps.note(username, before);
      await this.#followUps.finish(username);
      return state.count - 1;
    });
  }

  /**
   * Changes the password, which ends all other sessions, or ends the account.
   *
   * @throws CallError `E_LOGIN_FAILED`, `E_BAD_PASSWORD`, `E_RATE_LIMITED`, `E_BUSY`, `E_NOT_LISTED`, `E_NOT_LOGGED_IN`;
   *   StorageError.
   */
  async change(
    caller: AccountCaller,
    request: { readonly password: string | null; readonly newPassword: string | null; readonly endsAccount: boolean },
  ): Promise<void> {
    const { username } = caller;
    const { password, newPassword, endsAccount } = request;
    if (newPassword !== null) checkPassword(newPassword);
    await this.#turns.run(username, async () => {
      const account = await this.#present(username);
      await this.#checkStanding(caller, account);
      await this.#passwords.check(caller, account, password);
      if (newPassword !== null)
        this.#options.listener.onStandingChanged(await this.#passwords.change(caller, account, newPassword));
      if (endsAccount) await this.#end(account);
    });
  }

  /** Whether it still is what it was when the call came: it may have waited behind its own revocation. */
  async #checkStanding({ agentId, agentKey }: AccountCaller, { state }: Account): Promise<void> {
    const { store, environment } = this.#options;
    if (!isListedIn(state, { agentId, agentKey })) throw new CallError('E_NOT_LISTED');
    const session = await store.ask('findSession', { agentId, at: environment.wallClock() });
    if (session === undefined || !equalBytes(session.accountId, state.accountId))
      throw new CallError('E_NOT_LOGGED_IN');
  }

  async #end({ state }: Account): Promise<void> {
    const { store, book, listener } = this.#options;
    const { accountId, username } = state;
    const loggedIn = await store.ask('endAccount', accountId);
    book.forget(username);
    listener.onStandingChanged(loggedIn);
    this.#followUps.note(username, state);
    await this.#followUps.finish(username);
  }

  #firstState(caller: Caller, { username, statements }: RegisterRequest): AccountState {
    const result =
      statements.length === FIRST_STATEMENTS ? verifyAccountLog(this.#options.crypto, statements) : undefined;
    if (result?.ok !== true || result.state.username !== username) throw new CallError('E_BAD_STATEMENT');
    const device = deviceOf(result.state, caller.agentId);
    if (device === undefined || !equalBytes(device.transportKey, caller.agentKey))
      throw new CallError('E_BAD_STATEMENT');
    return result.state;
  }

  async #storeFirst(
    state: AccountState,
    { password, statements, tokenId }: RegisterRequest & { readonly tokenId: Uint8Array | null },
  ): Promise<void> {
    const { hasher, environment } = this.#options;
    const account = {
      username: state.username,
      password: password === null ? null : await hasher.hash(password),
      at: environment.wallClock(),
      tokenId,
    };
    await this.#store(state, { account, before: [], statements });
    this.#followUps.note(state.username, undefined);
    await this.#followUps.finish(state.username);
  }

  async #store(
    state: AccountState,
    parts: Pick<NewStatements, 'account' | 'statements'> & { readonly before: readonly Uint8Array[] },
  ): Promise<void> {
    const { log, store, book } = this.#options;
    const { accountId, username, count, hash: statementHash } = state;
    const { account, before, statements } = parts;
    const devices = listedDevices(state).map(({ agentId, transportKey }) => ({ agentId, transportKey }));
    const outcome = await log.append({ accountId, username, count, statementHash }, async (nodes) => {
      const added = { accountId, account, count: before.length, statements, devices, nodes };
      const stored = await store.ask('addStatements', added);
      // Before anybody asks for a proof: of log and account each is what belongs to the other.
      if (stored === 'stored')
        book.change(username, { state, entry: nodes.treeSize - 1, statements: [...before, ...statements] });
      return stored;
    });
    if (outcome !== 'stored') throw new CallError(REFUSALS[outcome]);
  }

  async #present(username: string): Promise<Account> {
    const account = await this.#options.book.byName(username);
    if (account === undefined || account.isEnded) throw new CallError('E_NO_ACCOUNT');
    return account;
  }
}

/** Whether a statement lists the device that brings it: the one thing that a device may say that is not listed (§3.4). */
function isListingOf({ agentId, agentKey }: Caller, statement: Uint8Array): boolean {
  const content = decodeStatement(statement)?.content;
  return content?.kind === 'add-device' && content.agentId === agentId && equalBytes(content.transportKey, agentKey);
}

/** Whether the account is the one that these first statements make. */
function isOwn(known: Account, state: AccountState): boolean {
  return equalBytes(known.state.accountId, state.accountId) && !known.isEnded;
}

function take(buckets: TokenBuckets, key: string, now: number): void {
  const wait = buckets.take(key, now);
  if (wait > 0) throw new CallError('E_RATE_LIMITED', { retryAfterMs: wait });
}
