/**
 * Bans: agents and addresses that are kept out, until when and why (row G4). What is kept (ban.ts) is known here by heart, so
 * that every connection can be judged at once; what has ended is lifted here. An operator bans; failed handshakes only slow
 * an address down (failure-window.ts), so nobody behind a NAT bans the others.
 */
import { clearTimeout as stopTimer, setTimeout as startTimer } from 'node:timers';
import { banKey, type Ban, type BanKeeper, type BanKind } from './ban.ts';

/** Longest wait of one look at what has ended: a clock that was set is noticed by then. */
const LOOK_MS_MAX = 30_000;
/** What could not be lifted or read is tried again after this time. */
const RETRY_MS = 1_000;

export interface BansOptions {
  readonly wallClock: () => number;
  /** Another node banned: what is connected here has to go. */
  readonly onBanned: (ban: Ban) => void;
}

export class Bans {
  readonly #keeper: BanKeeper;
  readonly #options: BansOptions;
  #bans: ReadonlyMap<string, Ban>;
  #timer: NodeJS.Timeout | undefined;
  #isReading = false;
  #isStale = false;
  #isClosed = false;

  private constructor(keeper: BanKeeper, bans: ReadonlyMap<string, Ban>, options: BansOptions) {
    this.#keeper = keeper;
    this.#options = options;
    this.#bans = bans;
    keeper.follow(() => void this.#readAgain());
    this.#wake();
  }

  /** Reads what is kept. @throws StorageError where it cannot be read. */
  static async open(keeper: BanKeeper, options: BansOptions): Promise<Bans> {
    return new Bans(keeper, byKey(await keeper.read()), options);
  }

  /** Those that hold now, by kind and name. */
  list(): readonly Ban[] {
    const now = this.#options.wallClock();
    return [...this.#bans.values()].filter((ban) => holds(ban, now)).sort(byName);
  }

  find(kind: BanKind, name: string): Ban | undefined {
    if (this.#bans.size === 0) return undefined;
    const ban = this.#bans.get(banKey({ kind, name }));
    return ban !== undefined && holds(ban, this.#options.wallClock()) ? ban : undefined;
  }

  /** For how long an address is kept out still, in ms; 0 for one that is not banned. */
  addressWaitMs(name: string): number {
    const ban = this.find('address', name);
    if (ban === undefined) return 0;
    return ban.until === undefined ? LOOK_MS_MAX : Math.max(1, ban.until - this.#options.wallClock());
  }

  /** Bans, or bans anew with another end. Durable when it resolves. */
  async ban(
    kind: BanKind,
    name: string,
    terms: { readonly seconds?: number | undefined; readonly reason?: string | undefined },
  ): Promise<Ban> {
    const since = this.#options.wallClock();
    const until = terms.seconds === undefined ? undefined : since + terms.seconds * 1_000;
    const ban = { kind, name, until, reason: terms.reason ?? '', since };
    await this.#keeper.write(ban);
    this.#bans = new Map(this.#bans).set(banKey(ban), ban);
    this.#wake();
    return ban;
  }

  /** Lifts a ban. @returns whether there was one. */
  async lift(kind: BanKind, name: string): Promise<boolean> {
    return await this.#remove({ kind, name });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    stopTimer(this.#timer);
    await this.#keeper.close();
  }

  async #remove({ kind, name }: Pick<Ban, 'kind' | 'name'>, only?: Ban): Promise<boolean> {
    const wasThere = await this.#keeper.remove(kind, name, only);
    const bans = new Map(this.#bans);
    const key = banKey({ kind, name });
    if (only === undefined || bans.get(key) === only) bans.delete(key);
    this.#bans = bans;
    return wasThere;
  }

  /** Takes over what others banned and lifted, one look at a time. */
  async #readAgain(): Promise<void> {
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#isStale && !this.#isClosed) {
        this.#isStale = false;
        const before = this.#bans;
        const now = byKey(await this.#keeper.read());
        // What was changed here meanwhile is told by this very change.
        if (before === this.#bans) this.#exchange(now);
        else this.#isStale = true;
      }
    } catch {
      // The store does not answer: it calls again when it does.
    } finally {
      this.#isReading = false;
    }
  }

  #exchange(bans: ReadonlyMap<string, Ban>): void {
    const before = this.#bans;
    this.#bans = bans;
    this.#wake();
    for (const [key, ban] of bans) if (before.get(key)?.since !== ban.since) this.#options.onBanned(ban);
  }

  /** Lifts those that ended; what the disk or the store refuses is tried again. */
  async #liftEnded(): Promise<void> {
    const now = this.#options.wallClock();
    let waitMs = 0;
    const ended = [...this.#bans.values()].filter((ban) => !holds(ban, now));
    await Promise.all(ended.map((ban) => this.#remove(ban, ban).catch(() => (waitMs = RETRY_MS))));
    this.#wake(waitMs);
  }

  #wake(waitMs = 0): void {
    stopTimer(this.#timer);
    const ends = [...this.#bans.values()].flatMap(({ until }) => until ?? []);
    if (ends.length === 0 || this.#isClosed) return;
    const inMs = Math.max(1, waitMs, Math.min(...ends) - this.#options.wallClock());
    this.#timer = startTimer(() => void this.#liftEnded(), Math.min(LOOK_MS_MAX, inMs));
    this.#timer.unref();
  }
}

function byKey(bans: readonly Ban[]): ReadonlyMap<string, Ban> {
  return new Map(bans.map((ban) => [banKey(ban), ban]));
}

function holds({ until }: Ban, now: number): boolean {
  return until === undefined || until > now;
}

function byName(left: Ban, right: Ban): number {
  return banKey(left) < banKey(right) ? -1 : 1;
}
