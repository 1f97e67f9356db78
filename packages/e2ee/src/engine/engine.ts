/** E2eeEngine: its calls, with what each may throw. The steps themselves are in the files beside it. */
import type { Member } from '../mls/index.ts';
import type { Storage, Transaction } from '../storage/index.ts';
import { EngineContext } from './context.ts';
import { loadReader } from './epoch-reader.ts';
import { listRecords, loadRecord, viewOf } from './group-record.ts';
import { forgetSecrets } from './install.ts';
import { isLastResortUsed, makeKeyPackages, type KeyPackageRequest, type KeyPackagesMade } from './key-packages.ts';
import { makeCommit, makeGroup } from './make-commit.ts';
import { openMessage, sealMessage, type Sealed } from './messages.ts';
import { forgetPending, listPending, loadPending } from './pending.ts';
import { rejoin } from './rejoin.ts';
import { acceptCommit, dropCommit } from './settle-commit.ts';
import { TABLES } from './tables.ts';
import { takeCommit } from './take-commit.ts';
import { takeWelcome } from './take-welcome.ts';
import type {
  CommitAccepted,
  CommitRequest,
  CommitTaken,
  EngineOptions,
  GroupRequest,
  GroupView,
  OpenOptions,
  Opened,
  PendingCommit,
  Rejoined,
  RejoinGuard,
  WelcomeTaken,
} from './types.ts';

/**
 * The groups of one device: MLS (RFC 9420) over rows of a storage. Every step is a call within a transaction of the
 * caller, who puts what belongs to it (a plaintext, an outbox row) into the same one. Nothing here talks to a server:
 * commits and messages are handed out, commits kept until the caller says what became of them.
 */
export class E2eeEngine {
  /** Where the rows of the engine are, and where the caller's own are. */
  readonly storage: Storage;
  readonly #context: EngineContext;

  constructor(options: EngineOptions) {
    this.storage = options.storage;
    this.#context = new EngineContext(options);
  }

  /** Makes key packages for the server; their private parts are kept before anybody gets the public ones. */
  keyPackages(transaction: Transaction, request: KeyPackageRequest): Promise<KeyPackagesMade> {
    return makeKeyPackages(this.#context, transaction, request);
  }

  /** Whether the key package of last resort let this device into a group: it should be replaced, for what comes later. */
  isLastResortUsed(transaction: Transaction): Promise<boolean> {
    return isLastResortUsed(transaction);
  }

  /**
   * Makes a group whose first commit adds other devices; it can be used once `commitAccepted` was called.
   *
   * @throws TypeError where there is a group of this id; ProtocolError as `commit` does.
   */
  createGroup(transaction: Transaction, request: GroupRequest): Promise<PendingCommit> {
    return makeGroup(this.#context, transaction, request);
  }

  /**
   * Makes a commit that adds, removes, or, with neither, renews the own keys. Messages still go to the present epoch.
   *
   * @throws TypeError while a commit of the group is pending; ProtocolError E_NO_GROUP, E_FORK, E_NOT_LISTED for a key
   * package of a device that the judge does not list, E_BAD_REQUEST for what no member would follow.
   */
  commit(transaction: Transaction, group: Uint8Array, request: CommitRequest): Promise<PendingCommit> {
    return makeCommit(this.#context, transaction, group, request);
  }

  /** The server stored the commit: the group is in its next epoch. Undefined for a commit that is not known any more. */
  commitAccepted(
    transaction: Transaction,
    group: Uint8Array,
    messageId: Uint8Array,
  ): Promise<CommitAccepted | undefined> {
    return acceptCommit(this.#context, transaction, group, messageId);
  }

  /** The server took another commit for the epoch, or refuses this one: it is dropped, to be made again after a sync. */
  commitLost(transaction: Transaction, group: Uint8Array, messageId: Uint8Array): Promise<void> {
    return dropCommit(transaction, group, messageId);
  }

  /** The commit that the server has not answered: after a restart it is sent again, under the same message id. */
  pendingCommit(transaction: Transaction, group: Uint8Array): Promise<PendingCommit | undefined> {
    return loadPending(transaction, group);
  }

  pendingCommits(transaction: Transaction): Promise<PendingCommit[]> {
    return listPending(transaction);
  }

  /** @param at when the server took it, unix time in ms, for the judge; now without it. */
  takeWelcome(transaction: Transaction, welcome: Uint8Array, at?: number): Promise<WelcomeTaken> {
    return takeWelcome(this.#context, transaction, welcome, at);
  }

  /**
   * A commit that ended `epoch`, own ones too. @param at as for `takeWelcome`.
   */
  takeCommit(
    transaction: Transaction,
    group: Uint8Array,
    epoch: number,
    commit: Uint8Array,
    at?: number,
  ): Promise<CommitTaken> {
    return takeCommit(this.#context, transaction, group, epoch, commit, at);
  }

  /** @throws ProtocolError E_NO_GROUP where this device is no member (yet), E_FORK where it has to join again. */
  seal(transaction: Transaction, group: Uint8Array, plaintext: Uint8Array): Promise<Sealed> {
    return sealMessage(this.#context, transaction, group, plaintext);
  }

  /**
   * Opens a message. What it gives is the end of that ciphertext, but for `waiting` and `healing`: how long, and how many of
   * them, is for the caller to bound.
   */
  open(transaction: Transaction, group: Uint8Array, message: Uint8Array, options?: OpenOptions): Promise<Opened> {
    return openMessage(this.#context, transaction, group, message, options);
  }

  /** Joins by an external commit to the group that a GroupInfo describes, within the guard. */
  rejoin(transaction: Transaction, group: Uint8Array, groupInfo: Uint8Array, guard: RejoinGuard): Promise<Rejoined> {
    return rejoin(this.#context, transaction, group, groupInfo, guard);
  }

  /** Devices of a group, this one too, in the order of their leaves; empty where this device is in none of this id. */
  async members(transaction: Transaction, group: Uint8Array): Promise<Member[]> {
    const record = await loadRecord(transaction, group);
    if (record === undefined || record.epochs.length === 0) return [];
    const reader = await loadReader(this.#context, transaction, record, record);
    return [...reader.members.values()];
  }

  async groupOf(transaction: Transaction, group: Uint8Array): Promise<GroupView | undefined> {
    const record = await loadRecord(transaction, group);
    return record === undefined ? undefined : viewOf(record);
  }

  async groups(transaction: Transaction): Promise<GroupView[]> {
    return (await listRecords(transaction)).map(viewOf);
  }

  /** Forgets what reads and writes in a group, damaged as it may be; whom this device saw removed stays known. It heals then. */
  async loseState(transaction: Transaction, group: Uint8Array): Promise<void> {
    await forgetSecrets(this.#context, transaction, group);
    await forgetPending(transaction, group);
    await transaction.delete(TABLES.groups, [group]);
  }

  /** Removes a group with everything that belongs to it, also that there was one. */
  async forget(transaction: Transaction, group: Uint8Array): Promise<void> {
    await forgetSecrets(this.#context, transaction, group);
    await forgetPending(transaction, group);
    await transaction.delete(TABLES.groups, [group]);
    await transaction.deleteRange(TABLES.removed, { prefix: [group] });
  }
}
