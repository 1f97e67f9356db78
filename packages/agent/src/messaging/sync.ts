/**
 * Sync: takes what waits in the queue of this device, and then what comes. One process of a data directory does so at a time;
 * it also does the chores, sends receipts, refills key packages and removes messages whose time is over.
 *
 * lock → queue opened → items, each acked when it is on the disk → caught up → chores → receipts → …
 */
import { ProtocolError, type SealaneError } from '@sealane/shared/errors';
import type { ProcessLock } from '@sealane/node/keys';
import { faultOf } from './call-failure.ts';
import type { Chores } from './chores.ts';
import type { Intake } from './intake.ts';
import type { Locks } from './locks.ts';
import type { MessagingConnection, QueueSubscription } from './messaging-connection.ts';

export interface SyncParts {
  readonly connection: MessagingConnection;
  readonly locks: Locks;
  readonly intake: Intake;
  readonly chores: Chores;
  /** Sends what receipts there are. */
  receipts(): Promise<void>;
  /** What is due by the clock: expired messages, certificates, key packages. */
  upkeep(): Promise<void>;
  agentId(): Promise<string>;
  onCaughtUp(): void;
  onTrouble(error: SealaneError): void;
}

/** How often what is due by the clock is looked for. */
const UPKEEP_MS = 60_000;
/** Receipts go at most so often (messaging.md: batched). */
const RECEIPTS_MS = 2_000;

export class Sync {
  readonly #parts: SyncParts;
  #lock: ProcessLock | undefined;
  #queue: QueueSubscription | undefined;
  #handled = 0;
  #waiting: number | undefined;
  #caughtUp = Promise.withResolvers<undefined>();
  #timers: NodeJS.Timeout[] = [];
  #endedFor: SealaneError | undefined;
  #isWorkAsked = false;
  #working: Promise<void> | undefined;

  constructor(parts: SyncParts) {
    this.#parts = parts;
  }

  get isRunning(): boolean {
    return this.#queue !== undefined;
  }

  /**
   * @returns false when another process of this data directory takes what comes in.
   * @throws why the queue ended, once it has: the server refuses this device.
   */
  async start(): Promise<boolean> {
    if (this.#endedFor !== undefined) throw this.#endedFor;
    if (this.#queue !== undefined) return true;
    const lock = await this.#parts.locks.take('messages');
    if (lock === undefined) return false;
    this.#lock = lock;
    this.#handled = 0;
    this.#waiting = undefined;
    this.#caughtUp = Promise.withResolvers<undefined>();
    this.#caughtUp.promise.catch(() => undefined);
    try {
      this.#open(await this.#parts.agentId());
    } catch (error) {
      this.#unlock();
      throw error;
    }
    this.#timers = [setInterval(() => this.#work(true), UPKEEP_MS), setInterval(() => this.#work(false), RECEIPTS_MS)];
    for (const timer of this.#timers) timer.unref();
    return true;
  }

  /** Resolves when what waited at the start is taken, and what follows from it is done. @throws why the queue ended. */
  async caughtUp(signal?: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(new ProtocolError('E_CANCELLED'));
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    try {
      await Promise.race([this.#caughtUp.promise, aborted.promise]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
    await this.#working;
  }

  /** Takes nothing more. What was taken is told to the server. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    const queue = this.#queue;
    this.#queue = undefined;
    await queue?.drain();
    await this.#working;
    this.#unlock();
  }

  #open(agentId: string): void {
    const queue = this.#parts.connection.openQueue(
      agentId,
      async (body) => {
        await this.#parts.intake.take(body);
        this.#count(1);
      },
      (events) => {
        this.#parts.onTrouble(goneError(events));
        this.#count(events);
      },
    );
    this.#queue = queue;
    queue.ready.then(
      ({ waiting }) => {
        this.#waiting = waiting;
        this.#look();
      },
      () => undefined,
    );
    void queue.whenEnded.then((error) => {
      if (error === undefined || this.#queue !== queue) return;
      this.#endedFor = error;
      this.#caughtUp.reject(error);
      if (error.code !== 'E_CLOSED') this.#parts.onTrouble(error);
    });
  }

  #count(items: number): void {
    this.#handled += items;
    this.#look();
  }

  #look(): void {
    if (this.#waiting === undefined || this.#handled < this.#waiting) return;
    const isFirst = this.#handled === this.#waiting || this.#working === undefined;
    this.#work(isFirst);
    void this.#working?.then(() => {
      this.#caughtUp.resolve(undefined);
      if (isFirst) this.#parts.onCaughtUp();
    });
  }

  /** Chores and receipts, one round at a time; asked for during a round, there is another. */
  #work(withUpkeep: boolean): void {
    // What is told after the end finds nothing open any more.
    if (this.#queue === undefined) return;
    this.#isWorkAsked = true;
    this.#working ??= this.#rounds(withUpkeep).finally(() => (this.#working = undefined));
  }

  async #rounds(withUpkeep: boolean): Promise<void> {
    while (this.#isWorkAsked) {
      this.#isWorkAsked = false;
      await this.#guarded(() => this.#parts.chores.run());
      await this.#guarded(() => this.#parts.receipts());
      if (withUpkeep) await this.#guarded(() => this.#parts.upkeep());
    }
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const fault = faultOf(error);
      if (fault.code !== 'E_CLOSED' && fault.code !== 'E_TRUNCATED') this.#parts.onTrouble(fault);
    }
  }

  #unlock(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }
}

/** Nobody can say what was in them: their groups catch up with what comes next. */
function goneError(events: number): ProtocolError {
  const what = events === 1 ? 'An item' : `${events} items`;
  return new ProtocolError('E_UNDECRYPTABLE', `${what} for this device are gone at the server: they waited too long`);
}
