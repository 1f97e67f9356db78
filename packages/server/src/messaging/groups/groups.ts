/**
 * Groups: the order of commits and messages, and who gets them (docs/protocols/messaging.md §6, §7). The server sees devices,
 * epochs and sizes; whether a commit does what its committer says, only members can tell.
 *
 *   call → limits → one transaction: who is listed, number of the write, epoch, pending rows → queues → Stored
 */
import { toBase64Url } from '@sealane/shared/bytes';
import { TokenBuckets } from '../../limits/index.ts';
import { CallError } from '../call-error.ts';
import type { ActingDevice, ServiceEnvironment } from '../devices.ts';
import type { MessageQueues, Room } from '../queues/message-queues.ts';
import type { Content, GroupView } from '../store/group-tables.ts';
import type { WriteResult } from '../store/group-writes.ts';
import type { ServiceStore } from '../store/service-store.ts';
import type { WriteAnswer } from '../store/write-tables.ts';
import type { GroupLimits } from './group-limits.ts';

export interface GroupsOptions {
  readonly store: ServiceStore;
  readonly queues: MessageQueues;
  readonly environment: ServiceEnvironment;
  readonly limits: GroupLimits;
}

/** A commit as its device hands it in. */
export interface NewCommit {
  readonly group: Uint8Array;
  /** The epoch that it ends. */
  readonly epoch: number;
  readonly write: number;
  readonly messageId: Uint8Array;
  readonly commit: Content;
  /** For the devices added; null where there are none. */
  readonly welcome: Content | null;
  /** The blob of the GroupInfo of the next epoch. */
  readonly groupInfo: Uint8Array | null;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly isExternal: boolean;
}

/** A message as its device hands it in. */
export interface NewMessage {
  readonly group: Uint8Array;
  readonly epoch: number;
  readonly write: number;
  readonly messageId: Uint8Array;
  readonly body: Uint8Array;
  /** How long it waits for a device; 0 for as long as messages wait. */
  readonly ttlMs: number;
}

/** Items that one commit promises: itself, its Welcome, and word to those who are removed. */
const COMMIT_ITEMS_MAX = 3;
/** How often old commits are looked for, and how many are dropped at once. */
const SWEEP_MS = 3_600_000;
const SWEEP_ROWS = 1_024;

export class Groups {
  readonly #options: GroupsOptions;
  readonly #messages: TokenBuckets;
  readonly #transients: TokenBuckets;
  readonly #commits: TokenBuckets;
  #sweep: { cancel(): void } | undefined;
  #isStopped = false;

  constructor(options: GroupsOptions) {
    this.#options = options;
    const { messages, transients, commits } = options.limits;
    this.#messages = new TokenBuckets(messages);
    this.#transients = new TokenBuckets(transients);
    this.#commits = new TokenBuckets(commits);
  }

  start(): void {
    this.#sweep = this.#options.environment.schedule(SWEEP_MS, () => {
      void this.sweep().finally(() => {
        if (!this.#isStopped) this.start();
      });
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#sweep?.cancel();
  }

  /** Makes a group, or ends an epoch of it. @throws CallError, StorageError. */
  async commit(device: ActingDevice, commit: NewCommit): Promise<WriteAnswer> {
    const { store, queues, limits, environment } = this.#options;
    checkCommit(commit);
    queues.checkRoom();
    const giveBack = this.#take(this.#commits, device);
    const at = environment.wallClock();
    const ask = {
      ...commit,
      device,
      at,
      expiresAt: at + limits.retentionMs,
      devicesMax: limits.devicesPerGroupMax,
      groupsMax: limits.groupsPerAccountMax,
      commitsMax: limits.commitsKeptMax,
    };
    const room = { items: COMMIT_ITEMS_MAX, bytes: bytesOf(commit.commit) + bytesOf(commit.welcome) };
    return await this.#write(room, () => store.ask('commitGroup', ask), giveBack);
  }

  /** Sends a message to all devices of a group but its sender. @throws CallError, StorageError. */
  async send(device: ActingDevice, message: NewMessage): Promise<WriteAnswer> {
    const { store, queues, limits, environment } = this.#options;
    const { group, epoch, write, messageId, body, ttlMs } = message;
    if (write === 0) throw new CallError('E_BAD_REQUEST');
    queues.checkRoom();
    const giveBack = await this.#takeMessage(device);
    const at = environment.wallClock();
    const lifeMs = ttlMs === 0 ? limits.retentionMs : Math.min(ttlMs, limits.retentionMs);
    const { epochsBehindMax } = limits;
    const ask = { device, group, epoch, write, messageId, body, at, expiresAt: at + lifeMs, epochsBehindMax };
    return await this.#write({ items: 1, bytes: body.length }, () => store.ask('sendToGroup', ask), giveBack);
  }

  /** Sends a message that is not stored. @returns when. @throws CallError, StorageError. */
  async transmit(
    device: ActingDevice,
    message: { readonly group: Uint8Array; readonly epoch: number; readonly body: Uint8Array },
  ): Promise<number> {
    const { store, queues, environment } = this.#options;
    const { group, epoch, body } = message;
    this.#take(this.#transients, device);
    const receivers = await store.ask('transientReceivers', { device, group, epoch });
    if (receivers === undefined) throw new CallError('E_NO_GROUP');
    queues.transmit(receivers, { group, epoch, body });
    return environment.wallClock();
  }

  /** How far a group is, and its commits from an epoch on. @throws CallError, StorageError. */
  async query(device: ActingDevice, group: Uint8Array, fromEpoch: number): Promise<GroupView> {
    const { store, limits } = this.#options;
    const { commitsPerAnswerMax: commitsMax, commitBytesPerAnswerMax: bytesMax } = limits;
    const view = await store.ask('queryGroup', { device, group, fromEpoch, commitsMax, bytesMax });
    if (view === undefined) throw new CallError('E_NO_GROUP');
    return view;
  }

  /** A device is revoked: it belongs to no group from now on. @throws StorageError. */
  async drop(agentId: string): Promise<void> {
    await this.#options.store.ask('dropDevice', agentId);
  }

  /** Devices that are in a group with an account, its own among them. @throws StorageError. */
  async around(accountId: Uint8Array): Promise<readonly string[]> {
    return await this.#options.store.ask('devicesAround', accountId);
  }

  /** Whether two accounts are in a group together. @throws StorageError. */
  async share(left: Uint8Array, right: Uint8Array): Promise<boolean> {
    return await this.#options.store.ask('shareGroup', { left, right });
  }

  /** Drops commits that are older than anybody may ask for. */
  async sweep(): Promise<void> {
    const { store, environment, limits } = this.#options;
    const before = environment.wallClock() - limits.commitsKeptMs;
    try {
      while ((await store.ask('sweepCommits', { before, limit: SWEEP_ROWS })) === SWEEP_ROWS && !this.#isStopped);
    } catch {
      // A store that does not answer is told to the operator by whoever owns it; old commits go the next time.
    }
  }

  async #write(room: Room, step: () => Promise<WriteResult>, giveBack: () => void): Promise<WriteAnswer> {
    const result = await this.#options.queues.promise(room, step, (written) =>
      written.status === 'stored' ? written.items : [],
    );
    if (result.status === 'refused') throw new CallError(result.code, { present: result.epoch });
    // A repetition costs nothing, and is safe since the first time.
    if (result.items.length === 0) giveBack();
    return result.answer;
  }

  /** Whether a message of this account is held because it came too soon. */
  isHeld(accountId: Uint8Array): boolean {
    return this.#messages.isInDebt(toBase64Url(accountId), this.#options.environment.now());
  }

  /** Takes one of the account's messages, for which it may wait. @returns what gives it back. @throws CallError `E_CALL_LIMIT`. */
  async #takeMessage({ accountId }: ActingDevice): Promise<() => void> {
    const { environment, limits } = this.#options;
    const key = toBase64Url(accountId);
    const { isTaken, waitMs } = this.#messages.reserve(key, environment.now(), limits.messagePauseMs);
    if (!isTaken) throw new CallError('E_CALL_LIMIT', { retryAfterMs: waitMs });
    if (waitMs > 0) await new Promise<void>((resolve) => environment.schedule(waitMs, resolve));
    return () => this.#messages.giveBack(key);
  }

  /** Takes one of a bucket of the account. @returns what gives it back. @throws CallError `E_CALL_LIMIT`. */
  #take(buckets: TokenBuckets, { accountId }: ActingDevice): () => void {
    const key = toBase64Url(accountId);
    const retryAfterMs = buckets.take(key, this.#options.environment.now());
    if (retryAfterMs > 0) throw new CallError('E_CALL_LIMIT', { retryAfterMs });
    return () => buckets.giveBack(key);
  }
}

/** @throws CallError `E_BAD_REQUEST` for one that no device of ours makes. */
function checkCommit({ commit, welcome, added }: NewCommit): void {
  const isWhole = isOneOf(commit) && (welcome === null || isOneOf(welcome));
  if (!isWhole || added.length > 0 !== (welcome !== null)) throw new CallError('E_BAD_REQUEST');
}

function bytesOf(content: Content | null): number {
  return content?.body?.length ?? 0;
}

function isOneOf({ body, blob }: Content): boolean {
  return (body === null) !== (blob === null);
}
