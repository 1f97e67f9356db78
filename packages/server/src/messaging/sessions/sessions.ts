/**
 * Sessions: who is logged in (docs/protocols/messaging.md §3). A session belongs to a device and lives in the store, so that it
 * outlasts connections and restarts, and its end counts at once.
 */
import { randomUUID } from 'node:crypto';
import { equalBytes, toHex } from '@sealane/shared/bytes';
import type { Crypto, Random } from '@sealane/shared/crypto';
import { deviceOf, foldUsername, isLoginSignedBy } from '@sealane/shared/accounts';
import { CHALLENGE_BYTES } from '@sealane/shared/packets';
import type { Account, AccountBook } from '../accounts/account-book.ts';
import { isTooLong } from '../accounts/passwords.ts';
import type { LoginAttempts } from '../accounts/login-attempts.ts';
import type { PasswordHasher } from '../accounts/password-hasher.ts';
import { RecentMap } from '../accounts/recent-map.ts';
import { CallError } from '../call-error.ts';
import { isListedIn, type Caller, type Standing } from '../caller.ts';
import type { ServiceEnvironment } from '../devices.ts';
import type { SessionProof } from '../store/session-tables.ts';
import type { ServiceStore } from '../store/service-store.ts';
import { REFRESH_MS, SessionTokens, type IssuedTokens } from './session-tokens.ts';

/** What became of an attempt to log in. */
export type LoginResult = 'ok' | 'failed' | 'limited' | 'busy';

export interface SessionsOptions {
  readonly store: Pick<ServiceStore, 'ask'>;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly book: AccountBook;
  readonly hasher: PasswordHasher;
  readonly environment: ServiceEnvironment;
  readonly attempts: LoginAttempts;
  /** X25519 key of the server, 32 bytes: part of what is signed. */
  readonly serverKey: () => Uint8Array;
  /** Hears of every attempt. */
  readonly onAttempt: (outcome: LoginResult, caller: Caller) => void;
  /** A refresh token of this agent came twice: somebody has a copy. */
  readonly onTokenCopied: (agentId: string) => void;
  /** Sessions of these agents ended. */
  readonly onClosed: (agentIds: readonly string[]) => void;
}

export interface LoginRequest {
  readonly username: string;
  readonly password: string | null;
  readonly challenge: Uint8Array | null;
  readonly signature: Uint8Array | null;
}

/** A session that is open, or what to sign. */
export type LoginOutcome =
  | { readonly challenge: Uint8Array }
  | { readonly challenge: undefined; readonly tokens: IssuedTokens; readonly isListed: boolean };

/** Who somebody proved to be, and by what. */
interface Proved {
  readonly account: Account;
  readonly proof: SessionProof;
}

interface Challenge {
  readonly bytes: Uint8Array;
  readonly username: string;
  readonly endsAt: number;
}

const CHALLENGE_MS = 60_000;
const CHALLENGES_MAX = 10_000;

export class Sessions {
  readonly tokens: SessionTokens;
  readonly #options: SessionsOptions;
  /** By agent: a device has one at a time. */
  readonly #challenges = new RecentMap<Challenge>(CHALLENGES_MAX);

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.tokens = new SessionTokens({ store: options.store, wallClock: options.environment.wallClock });
  }

  /** @throws StorageError. */
  async start(): Promise<void> {
    const { store, environment } = this.#options;
    await store.ask('sweepSessions', environment.wallClock());
    await this.tokens.start();
  }

  /**
   * Opens a session, or gives a challenge.
   *
   * @throws CallError `E_LOGIN_FAILED`, `E_RATE_LIMITED`, `E_BUSY`; StorageError.
   */
  async login(caller: Caller, request: LoginRequest): Promise<LoginOutcome> {
    const username = foldUsername(request.username);
    const { password, challenge, signature } = request;
    if (password === null && (challenge === null || signature === null)) return this.#challenge(caller, username);
    try {
      const { account, proof } = await this.#prove(caller, { ...request, username });
      const opened = await this.open(caller, account, proof);
      this.#options.onAttempt('ok', caller);
      return opened;
    } catch (error) {
      this.#options.onAttempt(outcomeOf(error), caller);
      throw error;
    }
  }

  /**
   * The device is logged in from now on.
   *
   * @throws CallError `E_LOGIN_FAILED` where what it proved was taken back meanwhile; StorageError.
   */
  async open(
    caller: Caller,
    { state }: Account,
    proof: SessionProof,
  ): Promise<Exclude<LoginOutcome, { challenge: Uint8Array }>> {
    const { store, environment, onClosed } = this.#options;
    const [sessionId, refreshId] = [randomUUID(), randomUUID()];
    const { agentId, agentKey: transportKey } = caller;
    const { accountId } = state;
    const expiresAt = environment.wallClock() + REFRESH_MS;
    const session = { agentId, accountId, sessionId, refreshId, expiresAt, transportKey };
    if (!(await store.ask('openSession', { ...session, proof }))) throw new CallError('E_LOGIN_FAILED');
    // Whatever becomes of its tokens: the session before is over.
    onClosed([agentId]);
    const subject = { accountId: toHex(accountId), agentId, sessionId };
    const tokens = await this.tokens.issue(subject, refreshId);
    return { challenge: undefined, tokens, isListed: isListedIn(state, caller) };
  }

  /** What a connection may do, as far as its account goes; undefined where its device is not logged in. @throws StorageError. */
  async standingOf(caller: Caller): Promise<Standing | undefined> {
    const { store, book, environment } = this.#options;
    const session = await store.ask('findSession', { agentId: caller.agentId, at: environment.wallClock() });
    // An agent id that belongs to another key by now is somebody else.
    if (session === undefined || !equalBytes(session.transportKey, caller.agentKey)) return undefined;
    const account = await book.byId(session.accountId);
    if (account === undefined || account.isEnded) return undefined;
    const { accountId, username } = account.state;
    return { accountId, username, isListed: isListedIn(account.state, caller) };
  }

  /** @throws StorageError. */
  async logout(
    caller: Caller,
    { everywhere, accountId }: { everywhere: boolean; accountId: Uint8Array },
  ): Promise<void> {
    const { store, onClosed } = this.#options;
    onClosed(await store.ask('closeSessions', everywhere ? { accountId } : { agentId: caller.agentId }));
  }

  /** Whom an access token is for, its session being open. @throws CallError `E_NOT_LOGGED_IN`; StorageError. */
  async readAccess(accessToken: string): Promise<{ readonly accountId: Uint8Array; readonly agentId: string }> {
    const { store, environment } = this.#options;
    const { sessionId, agentId } = await this.tokens.read(accessToken, 'access');
    const session = await store.ask('findSession', { sessionId, at: environment.wallClock() });
    if (session?.agentId !== agentId) throw new CallError('E_NOT_LOGGED_IN');
    return { accountId: session.accountId, agentId };
  }

  /**
   * New tokens for a refresh token, which counts once: one that comes again ends the session, since somebody has a copy.
   *
   * @throws CallError `E_NOT_LOGGED_IN`; StorageError.
   */
  async renew(refreshToken: string): Promise<IssuedTokens> {
    const { store, environment, onClosed, onTokenCopied } = this.#options;
    const subject = await this.tokens.read(refreshToken, 'refresh');
    const { sessionId, agentId, tokenId: refreshId } = subject;
    const nextRefreshId = randomUUID();
    const expiresAt = environment.wallClock() + REFRESH_MS;
    if (!(await store.ask('renewSession', { sessionId, refreshId, nextRefreshId, expiresAt }))) {
      // By its own id: the device may have logged in anew meanwhile.
      const ended = await store.ask('closeSessions', { sessionId });
      onClosed(ended);
      if (ended.length > 0) onTokenCopied(agentId);
      throw new CallError('E_NOT_LOGGED_IN');
    }
    return await this.tokens.issue(subject, nextRefreshId);
  }

  #challenge({ agentId }: Caller, username: string): LoginOutcome {
    const { random, environment } = this.#options;
    const bytes = random(CHALLENGE_BYTES);
    this.#challenges.set(agentId, { bytes, username, endsAt: environment.now() + CHALLENGE_MS });
    return { challenge: bytes };
  }

  /** An attempt counts, unless nothing was tried or it was a signature that fits: of these there is nothing to guess. */
  async #prove(caller: Caller, request: LoginRequest): Promise<Proved> {
    const { attempts } = this.#options;
    const { username, password } = request;
    attempts.take(caller, username);
    if (password === null) {
      const account = await this.#bySignature(caller, request);
      attempts.giveBack(caller, username);
      return { account, proof: { kind: 'device' } };
    }
    try {
      return await this.#byPassword(username, password);
    } catch (error) {
      if (outcomeOf(error) === 'busy') attempts.giveBack(caller, username);
      throw error;
    }
  }

  async #bySignature(
    { agentId, agentKey }: Caller,
    { username, challenge, signature }: LoginRequest,
  ): Promise<Account> {
    const { book, crypto, environment, serverKey } = this.#options;
    const known = this.#challenges.get(agentId);
    this.#challenges.delete(agentId);
    const account = await book.byName(username);
    const device = account?.isEnded === false ? deviceOf(account.state, agentId) : undefined;
    if (account === undefined || device === undefined || challenge === null || signature === null)
      throw new CallError('E_LOGIN_FAILED');
    const isMine = device.revoked === undefined && equalBytes(device.transportKey, agentKey);
    const isFresh =
      known?.username === username && equalBytes(known.bytes, challenge) && environment.now() < known.endsAt;
    const claim = { serverKey: serverKey(), challenge, username };
    const isSigned = isLoginSignedBy(crypto, claim, { signature, signingKey: device.signingKey });
    if (!isMine || !isFresh || !isSigned) throw new CallError('E_LOGIN_FAILED');
    return account;
  }

  /** Unknown names, accounts without a password and wrong passwords take the same work and get the same answer. */
  async #byPassword(username: string, password: string): Promise<Proved> {
    if (isTooLong(password)) throw new CallError('E_LOGIN_FAILED');
    const { book, hasher } = this.#options;
    let account: Account | undefined;
    const { isRight, isOutdated } = await hasher.verify(password, async () => {
      account = await book.byName(username);
      return account?.isEnded === false ? account.password : undefined;
    });
    if (!isRight || account?.password === undefined) throw new CallError('E_LOGIN_FAILED');
    const kept = isOutdated ? await this.#rehash(account, password, account.password) : account.password;
    return { account, proof: { kind: 'password', password: kept } };
  }

  /** @returns what is kept of the password now; as before where it was changed meanwhile, or there is no time for it. */
  async #rehash({ state: { accountId, username } }: Account, password: string, before: string): Promise<string> {
    const { book, hasher, store } = this.#options;
    const hash = await hasher.hash(password).catch((error: unknown) => {
      if (outcomeOf(error) === 'busy') return before;
      throw error;
    });
    if (hash === before || !(await store.ask('rehashPassword', { accountId, before, password: hash }))) return before;
    book.change(username, { password: hash });
    return hash;
  }
}

function outcomeOf(error: unknown): LoginResult {
  if (!(error instanceof CallError)) return 'failed';
  if (error.code === 'E_RATE_LIMITED') return 'limited';
  return error.code === 'E_BUSY' ? 'busy' : 'failed';
}
