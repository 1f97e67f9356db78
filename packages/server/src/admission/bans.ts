/**
 * Bans: agents and addresses that are kept out, until when and why; durable in `bans.jsonl`. Of agents the directory knows
 * that they are banned, so that every node refuses them; when a ban ends is known here, and lifted here (row G4). An
 * operator bans; failed handshakes only slow an address down (failure-window.ts), so nobody behind a NAT bans the others.
 */
import { clearTimeout as stopTimer, setTimeout as startTimer } from 'node:timers';
import { unwatchFile, watchFile } from 'node:fs';
import * as z from 'zod/mini';
import { assert } from '@sealane/shared/errors';
import type { AgentDirectory } from './agent-directory.ts';
import { Journal } from './journal.ts';

/** What a ban is about. */
export const BAN_KINDS = ['agent', 'address'] as const;
export type BanKind = (typeof BAN_KINDS)[number];

/** One ban. */
export interface Ban {
  readonly kind: BanKind;
  /** The id of an agent, or an address as limits count it: IPv4, or the /64 of IPv6. */
  readonly name: string;
  /** Wall clock ms; undefined for a ban that lasts until it is lifted. */
  readonly until: number | undefined;
  readonly reason: string;
  /** Wall clock ms. */
  readonly since: number;
}

const bannedSchema = z.strictObject({
  type: z.literal('banned'),
  kind: z.enum(BAN_KINDS),
  name: z.string(),
  until: z.optional(z.number()),
  reason: z.string(),
  since: z.number(),
});
const liftedSchema = z.strictObject({ type: z.literal('lifted'), kind: z.enum(BAN_KINDS), name: z.string() });
const recordSchema = z.discriminatedUnion('type', [bannedSchema, liftedSchema]);

/** Longest wait of one look at what has ended: a clock that was set is noticed by then. */
const LOOK_MS_MAX = 30_000;
/** How often a process that does not write the file itself looks whether it changed. */
const FOLLOW_EVERY_MS = 1_000;

export interface BansOptions {
  readonly directory: AgentDirectory;
  readonly wallClock: () => number;
  /** Whether another process of this data directory writes the file, and this one follows it. */
  readonly follows?: boolean;
}

export class Bans {
  readonly #directory: AgentDirectory;
  readonly #wallClock: () => number;
  readonly #bans = new Map<string, Ban>();
  /** Undefined where another process writes. */
  readonly #journal: Journal | undefined;
  readonly #file: string;
  #timer: NodeJS.Timeout | undefined;

  /** Opens the file. @throws ConfigError `E_DATA` with path and line, StorageError when the disk refuses. */
  constructor(file: string, options: BansOptions) {
    this.#file = file;
    this.#directory = options.directory;
    this.#wallClock = options.wallClock;
    if (options.follows === true) {
      this.#follow();
      return;
    }
    let records = 0;
    this.#journal = Journal.open(file, {
      read: (record) => {
        records += 1;
        this.#apply(record);
      },
    });
    if (records > this.#bans.size) this.#journal.rewrite([...this.#bans.values()].map(recordOf));
    this.#wake();
  }

  /** Those that hold now, by kind and name. */
  list(): readonly Ban[] {
    const now = this.#wallClock();
    return [...this.#bans.values()].filter((ban) => holds(ban, now)).sort(byName);
  }

  find(kind: BanKind, name: string): Ban | undefined {
    const ban = this.#bans.get(keyOf(kind, name));
    return ban !== undefined && holds(ban, this.#wallClock()) ? ban : undefined;
  }

  /** For how long an address is kept out still, in ms; 0 for one that is not banned. */
  addressWaitMs(name: string): number {
    if (this.#bans.size === 0) return 0;
    const ban = this.find('address', name);
    if (ban === undefined) return 0;
    return ban.until === undefined ? LOOK_MS_MAX : Math.max(1, ban.until - this.#wallClock());
  }

  /** Bans, or bans anew with another end. Durable when it resolves. */
  async ban(
    kind: BanKind,
    name: string,
    terms: { readonly seconds?: number | undefined; readonly reason?: string | undefined },
  ): Promise<Ban> {
    const since = this.#wallClock();
    const until = terms.seconds === undefined ? undefined : since + terms.seconds * 1_000;
    const ban = { kind, name, until, reason: terms.reason ?? '', since };
    await this.#written().append(recordOf(ban));
    if (kind === 'agent') await this.#directory.setBanned(name, true);
    this.#bans.set(keyOf(kind, name), ban);
    this.#wake();
    return ban;
  }

  /** Lifts a ban, also one that another node knows of. @returns whether one was known here. */
  async lift(kind: BanKind, name: string): Promise<boolean> {
    const key = keyOf(kind, name);
    const isKnown = this.#bans.has(key);
    if (kind === 'agent') await this.#directory.setBanned(name, false);
    if (isKnown) await this.#written().append({ type: 'lifted', kind, name });
    this.#bans.delete(key);
    return isKnown;
  }

  async close(): Promise<void> {
    stopTimer(this.#timer);
    unwatchFile(this.#file);
    await this.#journal?.close();
  }

  #written(): Journal {
    assert(this.#journal !== undefined, 'bans are changed by the process that writes them');
    return this.#journal;
  }

  /** Reads the file now, and again whenever it changed. @throws as the constructor. */
  #follow(): void {
    const read = (): void => {
      this.#bans.clear();
      Journal.read(this.#file, (record) => this.#apply(record));
    };
    read();
    watchFile(this.#file, { persistent: false, interval: FOLLOW_EVERY_MS }, () => {
      try {
        read();
      } catch {
        // Damage is told by whoever writes the file; what could be read holds.
      }
    });
  }

  /** Lifts those that ended; what the disk or the directory refuses is tried again. */
  async #liftEnded(): Promise<void> {
    const now = this.#wallClock();
    for (const ban of [...this.#bans.values()]) {
      if (!holds(ban, now)) await this.lift(ban.kind, ban.name).catch(() => false);
    }
    this.#wake();
  }

  #wake(): void {
    stopTimer(this.#timer);
    const ends = [...this.#bans.values()].flatMap(({ until }) => until ?? []);
    if (ends.length === 0) return;
    const inMs = Math.min(...ends) - this.#wallClock();
    this.#timer = startTimer(() => void this.#liftEnded(), Math.min(LOOK_MS_MAX, Math.max(1, inMs)));
    this.#timer.unref();
  }

  /** @throws RangeError for a record of another form. */
  #apply(record: unknown): void {
    const result = z.safeParse(recordSchema, record);
    if (!result.success) throw new RangeError('it is no record of this file');
    const { data } = result;
    const key = keyOf(data.kind, data.name);
    if (data.type === 'lifted') this.#bans.delete(key);
    else {
      const { kind, name, until, reason, since } = data;
      this.#bans.set(key, { kind, name, until, reason, since });
    }
  }
}

function recordOf({ kind, name, until, reason, since }: Ban): Readonly<Record<string, unknown>> {
  return { type: 'banned', kind, name, ...(until !== undefined && { until }), reason, since };
}

function holds({ until }: Ban, now: number): boolean {
  return until === undefined || until > now;
}

function keyOf(kind: BanKind, name: string): string {
  return `${kind} ${name}`;
}

function byName(left: Ban, right: Ban): number {
  return keyOf(left.kind, left.name) < keyOf(right.kind, right.name) ? -1 : 1;
}
