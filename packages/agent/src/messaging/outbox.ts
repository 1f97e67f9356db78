/**
 * Outbox: what this device has to tell its groups, written down together with the new state of the group before it is
 * sent, and sent in order (docs/protocols/messaging.md §6.6, §6.7, §7).
 *
 * 1. The next row gets the number of the write that follows the last one that the server took. Before it was ever sent, a
 *    message of an epoch that is over is sealed anew.
 * 2. It is sent. After a lost answer, or a restart, the same is sent again: the server answers as the first time.
 * 3. Stored: the row goes, the message is `sent`, a commit becomes the state of its group, in one transaction.
 *    `E_STALE_EPOCH`: nothing was stored. A commit is dropped and made again on top of what came in between, a message is
 *    sealed anew; both wait until this device has taken the commits it lacks.
 *
 * One process of a data directory sends at a time; whoever waits for a row sees it go.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { toHex } from '@sealane/shared/bytes';
import { ProtocolError, SealaneError } from '@sealane/shared/errors';
import type { Random } from '@sealane/shared/crypto';
import { MESSAGE_ID_BYTES } from '@sealane/shared/packets';
import { explained } from '@sealane/node/config';
import type { E2eeEngine } from '@sealane/e2ee/engine';
import type { Transaction } from '@sealane/e2ee/storage';
import { callFailure, faultOf, isDamage, isGroupLost, isPassing, type StoredAnswer } from './call-failure.ts';
import type { Intent } from './intent.ts';
import type { Journal } from './journal.ts';
import type { Locks } from './locks.ts';
import type { MessageBook } from './message-book.ts';
import { emptyRow, intentOf, type QueuedCommit } from './outbox-row.ts';
import type { OutboxSender } from './outbox-sender.ts';
import { nextNumber, tables, type AccountRow, type OutboxRow } from './tables.ts';

/** What the outbox needs of the others. */
export interface OutboxParts {
  readonly journal: Journal;
  readonly locks: Locks;
  readonly book: MessageBook;
  readonly sender: OutboxSender;
  engine(): E2eeEngine;
  /** Takes the commits that the server has of a group from the present epoch on. */
  catchUp(group: Uint8Array): Promise<void>;
  /** Makes the commit again that lost. @returns its new row; undefined when nothing of it is left to do. */
  rebase(group: Uint8Array, intent: Intent): Promise<number | undefined>;
  /** The server took a commit. */
  onCommitted(tx: Transaction, row: OutboxRow, intent: Intent): Promise<void>;
  /** The server says that another copy of this device is at work. */
  onCloned(tx: Transaction): Promise<void>;
  /** What this device has of a group cannot be used: it has to join again. */
  onGroupLost(tx: Transaction, group: Uint8Array, error: unknown): Promise<void>;
  random: Random;
  onTrouble(error: SealaneError): void;
}

/** Attempts to get a commit through before its caller is told. */
const REBASES_MAX = 5;
/** Longest pause before another attempt, ms: whoever lost together shall not meet again. */
const JITTER_MS_MAX = 250;
/** How often who waits for another process looks. */
const LOOK_MS = 25;
/** Rows that a message may be sealed anew: so many epochs pass while it is on its way only under attack. */
const RESEALS_MAX = 20;

const NOTHING = new Uint8Array(0);
/** Outcomes that are kept for whoever waits. */
const NOTES_MAX = 256;
/** Epoch of what cannot be sealed yet: its group heals, or is being made. */
const UNSEALED = -1;

export class Outbox {
  readonly #parts: OutboxParts;
  #sending: Promise<void> | undefined;
  #isAskedAgain = false;
  #isClosed = false;
  /** Why rows failed that somebody may wait for: by order, the latest few. */
  readonly #failures = new Map<number, SealaneError>();
  /** Rows that were made anew, and as which. */
  readonly #successors = new Map<number, number>();

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** Puts a message at the end. @param content what is sealed; sealed here, in the transaction of the caller. */
  async queueMessage(
    tx: Transaction,
    message: {
      readonly group: Uint8Array;
      readonly id: Uint8Array;
      readonly content: Uint8Array;
      readonly ttlMs?: number;
    },
  ): Promise<number> {
    const { group, id, content, ttlMs = 0 } = message;
    const row = await tables.groups.get(tx, group);
    const order = await nextNumber(tx, 'order');
    const names = { order, group, messageId: id, shown: id };
    const unsealed: OutboxRow = { ...emptyRow, ...names, kind: 'message', epoch: UNSEALED, content, ttlMs };
    if (row?.state !== 'active') {
      await tables.outbox.put(tx, unsealed);
      return order;
    }
    const { epoch, message: body } = await this.#parts.engine().seal(tx, group, content);
    await tables.outbox.put(tx, { ...unsealed, epoch, body });
    return order;
  }

  /** Puts a commit at the end. */
  async queueCommit(tx: Transaction, commit: QueuedCommit): Promise<number> {
    const order = await nextNumber(tx, 'order');
    await tables.outbox.put(tx, { ...emptyRow, ...commit, order, kind: 'commit' });
    return order;
  }

  /**
   * Sends what is there, and resolves when this row is gone.
   *
   * @throws what the server said of it; `E_TRUNCATED` and its like when it stays in the outbox.
   */
  async settle(order: number, signal?: AbortSignal): Promise<void> {
    for (let row = order; ;) {
      signal?.throwIfAborted();
      const standing = await this.#standingOf(row);
      if (standing !== undefined) {
        if (standing.state === 'asking') throw askingError(standing.conversation);
        await this.flush();
        if (this.#isClosed) throw new ProtocolError('E_CLOSED');
        // Another process sends, or the group is joined again: it gets there.
        if ((await this.#standingOf(row)) !== undefined) await sleep(LOOK_MS);
        continue;
      }
      const failure = this.#failures.get(row);
      if (failure !== undefined) throw failure;
      const successor = this.#successors.get(row);
      if (successor === undefined) return;
      row = successor;
    }
  }

  /** Sends what is there, unless another process does. @throws when the connection fails; all of it stays. */
  async flush(): Promise<void> {
    this.#isAskedAgain = true;
    this.#sending ??= this.#flush().finally(() => (this.#sending = undefined));
    await this.#sending;
  }

  /** As `flush`, for whoever does not wait. */
  kick(): void {
    if (this.#isClosed) return;
    this.flush().catch((error: unknown) => {
      if (!this.#isClosed && !isPassing(error)) this.#parts.onTrouble(faultOf(error));
    });
  }

  /** The state of the group of a message or a commit that is here. */
  async #standingOf(order: number): Promise<{ readonly conversation: string; readonly state: string } | undefined> {
    return await this.#parts.journal.transaction(async (tx) => {
      const row = await tables.outbox.get(tx, order);
      if (row === undefined) return undefined;
      const group = row.kind === 'message' ? await tables.groups.get(tx, row.group) : undefined;
      return { conversation: group?.conversation ?? '', state: group?.state ?? '' };
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#sending?.catch(() => undefined);
  }

  async #flush(): Promise<void> {
    const lock = await this.#parts.locks.take('sending');
    if (lock === undefined) return;
    try {
      await this.#sendAll();
    } finally {
      lock.release();
    }
  }

  async #sendAll(): Promise<void> {
    while (this.#isAskedAgain) {
      this.#isAskedAgain = false;
      for (let row = await this.#nextRow(); row !== undefined; row = await this.#nextRow()) await this.#send(row);
    }
  }

  async #send(row: OutboxRow): Promise<void> {
    let stored: StoredAnswer;
    try {
      stored = row.kind === 'commit' ? await this.#parts.sender.commit(row) : await this.#parts.sender.message(row);
    } catch (error) {
      await this.#refused(row, error);
      return;
    }
    try {
      await this.#parts.journal.transaction((tx) => this.#accepted(tx, row, stored));
    } catch (error) {
      if (isPassing(error)) throw error;
      await this.#parts.journal.transaction((tx) => this.#acceptedInVain(tx, row, error));
      this.#parts.onTrouble(faultOf(error));
    }
  }

  async #nextRow(): Promise<OutboxRow | undefined> {
    while (!this.#isClosed) {
      const at: { row?: OutboxRow } = {};
      try {
        return await this.#parts.journal.transaction((tx) => this.#numberedRow(tx, (row) => (at.row = row)));
      } catch (error) {
        const { row } = at;
        if (row === undefined || isPassing(error)) throw error;
        await this.#parts.journal.transaction((tx) => this.#unready(tx, row, faultOf(error)));
      }
    }
    return undefined;
  }

  /**
   * The row to be sent next, with its number; undefined when none can go.
   *
   * @param onTry told each row that is made ready: one that cannot be must not keep the others.
   */
  async #numberedRow(tx: Transaction, onTry: (row: OutboxRow) => void): Promise<OutboxRow | undefined> {
    const account = await tables.account.get(tx, 'self');
    if (account === undefined || account.phase !== 'listed') return undefined;
    const rows = await tables.outbox.list(tx, { limit: 64 });
    const begun = rows.find(({ write }) => write > 0);
    if (begun !== undefined) return begun;
    for (const row of rows) {
      onTry(row);
      const ready = await this.#prepared(tx, row, account);
      if (ready !== undefined) return ready;
    }
    return undefined;
  }

  /** Gives a row its number; undefined when its group has to heal first, or it is given up. */
  async #prepared(tx: Transaction, row: OutboxRow, account: AccountRow): Promise<OutboxRow | undefined> {
    const group = await tables.groups.get(tx, row.group);
    if (group === undefined || group.state === 'left' || group.state === 'removed') {
      await this.#giveUp(tx, row, new ProtocolError('E_NO_GROUP', 'this device is no longer in the group'));
      return undefined;
    }
    const waitsForHealing = group.state === 'healing' || group.state === 'asking' || group.state === 'creating';
    if (row.kind === 'message' && waitsForHealing) return undefined;
    const fresh = row.kind === 'message' ? await this.#sealedNow(tx, row) : row;
    return await tables.outbox.patch(tx, fresh, { write: account.lastWrite + 1 });
  }

  /** A row that cannot be sealed waits until its group is whole again, or is given up. */
  async #unready(tx: Transaction, row: OutboxRow, error: SealaneError): Promise<void> {
    if (row.kind === 'message' && isGroupLost(error)) await this.#parts.onGroupLost(tx, row.group, error);
    else await this.#giveUp(tx, row, error);
  }

  /** Seals a message anew when its epoch is over. */
  async #sealedNow(tx: Transaction, row: OutboxRow): Promise<OutboxRow> {
    const engine = this.#parts.engine();
    const view = await engine.groupOf(tx, row.group);
    if (view === undefined || view.epoch === row.epoch) return row;
    const { epoch, message } = await engine.seal(tx, row.group, row.content);
    return { ...row, epoch, body: message };
  }

  async #accepted(tx: Transaction, row: OutboxRow, stored: StoredAnswer): Promise<void> {
    await this.#countWrite(tx, row);
    await tables.outbox.delete(tx, row.order);
    const group = await tables.groups.get(tx, row.group);
    if (row.kind === 'commit') {
      const accepted = await this.#parts.engine().commitAccepted(tx, row.group, row.messageId);
      const epoch = accepted?.epoch ?? 0;
      if (group !== undefined) await tables.groups.patch(tx, group, { epochMax: Math.max(epoch, group.epochMax) });
      await this.#parts.onCommitted(tx, row, intentOf(row));
      return;
    }
    if (group !== undefined) await tables.groups.patch(tx, group, { sentSinceUpdate: group.sentSinceUpdate + 1 });
    const message = await this.#parts.book.find(tx, row.shown);
    if (message !== undefined) await this.#parts.book.advance(tx, message, 'sent', { at: stored.at });
  }

  /** The server has it, and this device cannot go on by it. */
  async #acceptedInVain(tx: Transaction, row: OutboxRow, error: unknown): Promise<void> {
    await this.#countWrite(tx, row);
    await tables.outbox.delete(tx, row.order);
    if (row.kind === 'commit') await this.#parts.onGroupLost(tx, row.group, error);
  }

  /** The pending commit goes; where that cannot be done, its group is of no use. */
  async #dropCommit(tx: Transaction, { group, messageId }: OutboxRow): Promise<void> {
    try {
      await this.#parts.engine().commitLost(tx, group, messageId);
    } catch (error) {
      if (!isDamage(error)) throw error;
      await this.#parts.onGroupLost(tx, group, error);
    }
  }

  async #countWrite(tx: Transaction, row: OutboxRow): Promise<void> {
    const account = await tables.account.get(tx, 'self');
    if (account !== undefined)
      await tables.account.patch(tx, account, { lastWrite: Math.max(account.lastWrite, row.write) });
  }

  async #refused(row: OutboxRow, error: unknown): Promise<void> {
    const { journal } = this.#parts;
    const failure = callFailure(error);
    if (failure === undefined) throw error;
    if (failure.code === 'E_DEVICE_CLONED') {
      await journal.transaction((tx) => this.#parts.onCloned(tx));
      throw error;
    }
    if (isPassing(failure)) throw error;
    if (failure.code !== 'E_STALE_EPOCH') {
      await journal.transaction((tx) => this.#giveUp(tx, row, failure));
    } else if (row.kind === 'message') {
      await journal.transaction((tx) => this.#unseal(tx, row));
      await this.#parts.catchUp(row.group);
    } else {
      await this.#remake(row);
    }
  }

  /** Nothing was stored: the message is sealed anew once this device has what came in between. */
  async #unseal(tx: Transaction, row: OutboxRow): Promise<void> {
    const attempts = row.attempts + 1;
    if (attempts > RESEALS_MAX) {
      await this.#giveUp(tx, row, new ProtocolError('E_STALE_EPOCH'));
      return;
    }
    const messageId = this.#parts.random(MESSAGE_ID_BYTES);
    await tables.outbox.put(tx, { ...row, messageId, epoch: UNSEALED, body: NOTHING, write: 0, attempts });
  }

  /** Another commit was first: this one is made again on top of it. */
  async #remake(row: OutboxRow): Promise<void> {
    const { journal, random } = this.#parts;
    await journal.transaction(async (tx) => {
      await this.#dropCommit(tx, row);
      await tables.outbox.delete(tx, row.order);
    });
    await sleep(((random(1)[0] ?? 0) / 256) * JITTER_MS_MAX);
    const intent = intentOf(row);
    const attempts = intent.attempts + 1;
    try {
      await this.#parts.catchUp(row.group);
      if (attempts > REBASES_MAX)
        throw new ProtocolError('E_STALE_EPOCH', `the group ${toHex(row.group)} changes all the time`);
      const successor = await this.#parts.rebase(row.group, { ...intent, attempts });
      if (successor !== undefined) keepLatest(this.#successors, row.order, successor);
    } catch (error) {
      if (!(error instanceof SealaneError)) throw error;
      keepLatest(this.#failures, row.order, error);
    }
  }

  async #giveUp(tx: Transaction, row: OutboxRow, error: SealaneError): Promise<void> {
    if (row.kind === 'commit') await this.#dropCommit(tx, row);
    await tables.outbox.delete(tx, row.order);
    const message = row.kind === 'message' ? await this.#parts.book.find(tx, row.shown) : undefined;
    if (message !== undefined) await this.#parts.book.advance(tx, message, 'failed', { reason: error.code });
    keepLatest(this.#failures, row.order, error);
  }
}

/** A message waits until the user has been asked. */
function askingError(conversation: string): SealaneError {
  return explained(new ProtocolError('E_FORK', 'The chat cannot go on without you; the message waits'), {
    why: 'This device lost what it knew of the chat, and nobody whom it may trust by itself vouches for what the server has.',
    next: `Run: group rejoin ${conversation.replace('#', '')}`,
  });
}

/** Notes of the latest rows: somebody may still wait for those. */
function keepLatest<T>(notes: Map<number, T>, order: number, note: T): void {
  notes.set(order, note);
  const [oldest] = notes.keys();
  if (notes.size > NOTES_MAX && oldest !== undefined) notes.delete(oldest);
}
