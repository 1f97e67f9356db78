/**
 * Messaging: accounts, devices, groups and messages that this server carries and cannot read (docs/protocols/messaging.md). It is
 * the composition of its services and what the server uses; it knows no socket.
 *
 *   call → CallDesk → judgeCall → services → store → answer
 *                                         └→ queues of devices → delivery
 */
import type { Crypto, DocumentSigner, Random } from '@sealane/shared/crypto';
import type { MessagingAnswer, MessagingCall } from '@sealane/shared/items';
import type { LimitPreset } from '../config/index.ts';
import type { Store } from '../store/index.ts';
import { AccountBook } from './accounts/account-book.ts';
import { accountLimitsOf } from './accounts/account-limits.ts';
import type { AccountListener } from './accounts/account-listener.ts';
import { Accounts } from './accounts/accounts.ts';
import { LoginAttempts } from './accounts/login-attempts.ts';
import { PasswordHasher } from './accounts/password-hasher.ts';
import { Registration, type RegistrationPolicy } from './accounts/registration.ts';
import type { BlobFiles } from './blobs/blob-files.ts';
import { ACCOUNT_CALLS, type AccountCallId, type AccountServices } from './calls/account-calls.ts';
import { CallDesk, type CallDeskHost } from './calls/call-desk.ts';
import { CallError } from './call-error.ts';
import type { Caller, Standing } from './caller.ts';
import type { ServiceEnvironment } from './devices.ts';
import { Directory } from './directory/directory.ts';
import { MessageServices } from './message-services.ts';
import { MessagingCounters } from './messaging-counters.ts';
import type { MessagingHost, MessagingSink } from './messaging-host.ts';
import type { TransientMessage } from './queues/message-queues.ts';
import { Sessions, type SessionsOptions } from './sessions/sessions.ts';
import type { MessagingStore } from './store/messaging-store.ts';
import { TransparencyLog } from './transparency/transparency-log.ts';

export interface MessagingOptions {
  readonly store: MessagingStore;
  /** The store of events, which delivery opens and closes. */
  readonly events: Pick<Store, 'openQueue' | 'deleteQueue' | 'publish'>;
  readonly files: BlobFiles;
  readonly crypto: Crypto;
  readonly random: Random;
  /** What lives for a time goes by its wall clock, which must not jump. */
  readonly environment: ServiceEnvironment;
  /** The clock that others read too: signed heads and enrolment tokens go by it. */
  readonly systemClock: () => number;
  readonly preset: LimitPreset;
  readonly registration: RegistrationPolicy;
  /** The identity of the server as it is now: it signs heads, and its X25519 key is part of what logins sign. */
  readonly signer: () => DocumentSigner;
  readonly serverKey: () => Uint8Array;
  /** Keys whose enrolment tokens let people register. */
  readonly tokenKeys: () => readonly Uint8Array[];
  /** Ends the connections of an agent. */
  readonly onRevoked: (agentId: string) => void;
  /** The file cannot be opened, or is broken: nothing is written any more. */
  readonly onFailed: (error: Error) => void;
  /** A fault of this program while it answered a call. */
  readonly onFault: (error: unknown) => void;
  /** Default Argon2id. */
  readonly hasher?: PasswordHasher;
  /** For the audit log: what happened to accounts. */
  readonly onNote: (action: string, fields: Readonly<Record<string, string | number>>) => void;
}

/** How long the connection of a device stays that is no device any more. */
const CUT_AFTER_MS = 250;

export class Messaging implements MessagingHost, CallDeskHost, AccountListener, AccountServices {
  readonly counters = new MessagingCounters();
  /** Why nothing is written any more. */
  failure: Error | undefined;
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly directory: Directory;
  readonly messages: MessageServices;
  readonly environment: ServiceEnvironment;
  readonly #options: MessagingOptions;
  readonly #hasher: PasswordHasher;
  readonly #log: TransparencyLog;
  /** Connections, by agent. */
  readonly #desks = new Map<string, Set<CallDesk>>();
  #started: Promise<void> = Promise.resolve();

  constructor(options: MessagingOptions) {
    const { store, crypto, random, environment, preset, tokenKeys } = options;
    this.#options = options;
    this.environment = environment;
    const limits = accountLimitsOf(preset);
    const book = new AccountBook({ store, crypto });
    const nowSeconds = (): number => Math.floor(options.systemClock() / 1_000);
    const registration = new Registration({ policy: options.registration, crypto, tokenKeys, nowSeconds });
    const { hasher = new PasswordHasher() } = options;
    this.#hasher = hasher;
    this.#log = new TransparencyLog({ store, crypto, signer: options.signer, wallClock: options.systemClock });
    const attempts = new LoginAttempts({ limits, now: environment.now });
    const common = { store, crypto, book, hasher, environment, limits, attempts, log: this.#log };
    this.accounts = new Accounts({ ...common, registration, listener: this });
    const onAttempt: SessionsOptions['onAttempt'] = (outcome, { agentId, addressKey }) => {
      this.counters.logins[outcome] += 1;
      if (outcome === 'failed') options.onNote('login-failed', { agent: agentId, address: addressKey });
    };
    const onClosed = (agentIds: readonly string[]): void => this.onStandingChanged(agentIds);
    const onTokenCopied = (agent: string): void => options.onNote('token-copied', { agent });
    const events = { onAttempt, onClosed, onTokenCopied };
    this.sessions = new Sessions({ ...common, random, serverKey: options.serverKey, ...events });
    this.directory = new Directory(common);
    this.messages = new MessageServices({
      ...{ events: options.events, store, files: options.files, devices: book, environment, preset },
      onTransient: (agentId, message) => this.#pass(agentId, message),
      onDamaged: (item) => options.onNote('item-damaged', { item }),
    });
  }

  /** Passwords that wait to be hashed. */
  get hashQueueLength(): number {
    return this.#hasher.queueLength;
  }

  /** Accounts that have not ended. @throws StorageError. */
  countAccounts(): Promise<number> {
    return this.#options.store.ask('countAccounts', undefined);
  }

  /** Copies what it stores into a new file, while others go on; blobs are files of their own. @throws StorageError. */
  backup(destination: string): Promise<void> {
    return this.#options.store.backup(destination);
  }

  /** Entries of the transparency log. */
  get logSize(): number {
    return this.#log.size;
  }

  /**
   * Opens its store, and publishes what a crash left. Calls that come before it is done wait for it.
   *
   * @throws ConfigError, StorageError that say what to do.
   */
  start(): Promise<void> {
    this.#started = this.#start();
    this.#started.catch((error: unknown) => this.#onFailed(error));
    return this.#started;
  }

  /** Ends it, before the store of events is closed; connections are detached before or now. */
  async stop(): Promise<void> {
    for (const desks of [...this.#desks.values()]) for (const desk of [...desks]) desk.detach();
    await this.#started.catch(() => undefined);
    this.accounts.stop();
    this.messages.stop();
    await this.#options.store.close();
  }

  /** The queues of an agent were deleted. @throws StorageError. */
  async onQueuesDeleted(agentId: string): Promise<void> {
    await this.messages.queues.reopen(agentId);
  }

  // MessagingHost

  attach(sink: MessagingSink): CallDesk {
    const desk = new CallDesk(this, sink);
    const { agentId } = sink.peer;
    const desks = this.#desks.get(agentId) ?? new Set();
    this.#desks.set(agentId, desks.add(desk));
    return desk;
  }

  // CallDeskHost

  now(): number {
    return this.environment.now();
  }

  async standingOf(caller: Caller): Promise<Standing | undefined> {
    await this.#started;
    return await this.sessions.standingOf(caller);
  }

  async answer(
    by: { readonly caller: Caller; readonly standing: Standing | undefined },
    packet: MessagingCall,
  ): Promise<MessagingAnswer> {
    this.counters.calls += 1;
    const answer = await this.#answer(by, packet);
    if (packet.id === 0x4e && !packet.isTransient) this.counters.messagesStored += 1;
    if (packet.id === 0x4d) this.counters.commitsStored += 1;
    const action = auditedActionOf(packet);
    if (action !== undefined) this.#options.onNote(action, { agent: by.caller.agentId });
    return answer;
  }

  enter(standing: Standing): () => void {
    return this.directory.enter(standing);
  }

  onDetached(desk: CallDesk): void {
    const { agentId } = desk.caller;
    const desks = this.#desks.get(agentId);
    desks?.delete(desk);
    if (desks?.size === 0) this.#desks.delete(agentId);
  }

  isHeld(accountId: Uint8Array): boolean {
    return this.messages.groups.isHeld(accountId);
  }

  onFault(error: unknown): void {
    this.counters.faults += 1;
    this.#options.onFault(error);
  }

  // AccountServices

  changed(agentId: string): void {
    this.onStandingChanged([agentId]);
  }

  // AccountListener

  async onListed(agentId: string): Promise<void> {
    await this.messages.onListed(agentId);
    this.#options.onNote('device-listed', { agent: agentId });
  }

  async onRevoked(agentId: string): Promise<void> {
    this.onStandingChanged([agentId]);
    try {
      await this.messages.onRevoked(agentId);
    } finally {
      this.#cut([agentId]);
    }
    this.#options.onNote('device-revoked', { agent: agentId });
  }

  async onAccountEnded(accountId: Uint8Array, agentIds: readonly string[]): Promise<void> {
    this.onStandingChanged(agentIds);
    try {
      await this.messages.onAccountEnded(accountId, agentIds);
    } finally {
      this.#cut(agentIds);
    }
    this.#options.onNote('account-ended', { devices: agentIds.length });
  }

  async onLogGrown(...grown: Parameters<AccountListener['onLogGrown']>): Promise<void> {
    await this.messages.onLogGrown(...grown);
  }

  onPasswordRefused({ agentId, addressKey }: Caller): void {
    this.#options.onNote('login-failed', { agent: agentId, address: addressKey });
  }

  onStandingChanged(agentIds: readonly string[]): void {
    for (const agentId of agentIds) for (const desk of this.#desks.get(agentId) ?? []) desk.forgetStanding();
  }

  #onFailed(error: unknown): void {
    if (this.failure !== undefined) return;
    this.failure = error instanceof Error ? error : new Error(String(error));
    this.#options.onFailed(this.failure);
  }

  async #start(): Promise<void> {
    await this.#options.store.open((error) => this.#onFailed(error));
    await this.#log.start();
    await this.sessions.start();
    await this.messages.start();
    await this.accounts.start();
  }

  async #answer(
    by: { readonly caller: Caller; readonly standing: Standing | undefined },
    packet: MessagingCall,
  ): Promise<MessagingAnswer> {
    if (isAccountCall(packet)) {
      const handler = ACCOUNT_CALLS[packet.id] as (
        services: AccountServices,
        by: { readonly caller: Caller; readonly standing: Standing | undefined },
        packet: MessagingCall,
      ) => Promise<MessagingAnswer>;
      return await handler(this, by, packet);
    }
    if (by.standing === undefined) throw new CallError('E_NOT_LOGGED_IN');
    const device = { agentId: by.caller.agentId, accountId: by.standing.accountId };
    return await this.messages.answer(packet.id, device, packet);
  }

  /** They may do nothing any more; one that did this to itself gets the answer first. */
  #cut(agentIds: readonly string[]): void {
    this.environment.schedule(CUT_AFTER_MS, () => {
      for (const agentId of agentIds) this.#options.onRevoked(agentId);
    });
  }

  #pass(agentId: string, { group, epoch, body }: TransientMessage): void {
    for (const desk of this.#desks.get(agentId) ?? []) desk.pass({ id: 0x5b, group, epoch, body });
  }
}

/** What the audit log calls a call that was done; undefined for one that it need not know. */
function auditedActionOf(packet: MessagingCall): string | undefined {
  if (packet.id === 0x40) return 'account-registered';
  if (packet.id === 0x43 && packet.everywhere) return 'sessions-ended';
  return packet.id === 0x44 && packet.newPassword !== null ? 'password-changed' : undefined;
}

function isAccountCall(packet: MessagingCall): packet is Extract<MessagingCall, { readonly id: AccountCallId }> {
  return packet.id in ACCOUNT_CALLS;
}
