/**
 * Usage: what each agent did, counted in memory and handed to the store at most once a minute and when an agent leaves. An
 * agent that does nothing costs the store nothing.
 */
import type { Store, UsageRow } from '../store/index.ts';
import { Alarm, type AlarmOwner, type Alarms } from './alarms.ts';
import type { DeliveryEnvironment } from './environment.ts';

const HOUR_MS = 3_600_000;
/** Hours of one stay that are told apart; a longer one is told from its end. */
const HOURS_MAX = 24 * 366;

const NOTHING = { connections: 0, onlineMs: 0, eventsIn: 0, eventsOut: 0, bytesIn: 0, bytesOut: 0, errors: 0 };

/** What one connection of an agent did since it was last told. */
export class AgentUsage {
  readonly agentId: string;
  eventsIn = 0;
  eventsOut = 0;
  bytesIn = 0;
  bytesOut = 0;
  errors = 0;
  readonly #book: UsageBook;
  #isNoted = false;

  constructor(agentId: string, book: UsageBook) {
    this.agentId = agentId;
    this.#book = book;
  }

  countIn(bytes: number): void {
    this.eventsIn += 1;
    this.bytesIn += bytes;
    if (!this.#isNoted) this.#note();
  }

  countOut(bytes: number): void {
    this.eventsOut += 1;
    this.bytesOut += bytes;
    if (!this.#isNoted) this.#note();
  }

  countError(): void {
    this.errors += 1;
    if (!this.#isNoted) this.#note();
  }

  /** What was counted, which begins anew. */
  take(hour: number): UsageRow {
    const { agentId, eventsIn, eventsOut, bytesIn, bytesOut, errors } = this;
    this.eventsIn = 0;
    this.eventsOut = 0;
    this.bytesIn = 0;
    this.bytesOut = 0;
    this.errors = 0;
    this.#isNoted = false;
    return { agentId, hour, connections: 0, onlineMs: 0, eventsIn, eventsOut, bytesIn, bytesOut, errors };
  }

  #note(): void {
    this.#isNoted = true;
    this.#book.note(this);
  }
}

export class UsageBook implements AlarmOwner {
  readonly #store: Store;
  readonly #environment: DeliveryEnvironment;
  readonly #alarms: Alarms;
  readonly #flushMs: number;
  readonly #alarm = new Alarm(this);
  #noted: AgentUsage[] = [];
  /** Parts of stays that were told since the last flush. */
  #stays: UsageRow[] = [];

  constructor(options: {
    readonly store: Store;
    readonly environment: DeliveryEnvironment;
    readonly alarms: Alarms;
    readonly flushMs: number;
  }) {
    this.#store = options.store;
    this.#environment = options.environment;
    this.#alarms = options.alarms;
    this.#flushMs = options.flushMs;
  }

  /** A connection did something. */
  note(usage: AgentUsage): void {
    this.#noted.push(usage);
    this.#wake();
  }

  /** A part of a stay is over. @param stay wall clock ms; `isFirst` where it is the first one of its connection. */
  stayed(agentId: string, stay: { readonly from: number; readonly to: number; readonly isFirst: boolean }): void {
    const rows = hoursOf(stay.from, stay.to).map(({ hour, ms }) => ({ ...NOTHING, agentId, hour, onlineMs: ms }));
    if (stay.isFirst) rows.push({ ...NOTHING, agentId, hour: hourOf(stay.from), connections: 1 });
    this.#stays.push(...rows);
    this.#wake();
  }

  /** Hands everything to the store. */
  flush(): void {
    const hour = hourOf(this.#environment.wallClock());
    const rows = [...this.#stays, ...this.#noted.map((usage) => usage.take(hour))];
    this.#stays = [];
    this.#noted = [];
    if (rows.length > 0) this.#store.addUsage(rows);
  }

  onAlarm(): void {
    this.flush();
  }

  #wake(): void {
    if (this.#alarm.index < 0) this.#alarms.setBy(this.#alarm, this.#environment.now() + this.#flushMs);
  }
}

function hourOf(at: number): number {
  return Math.floor(at / HOUR_MS) * HOUR_MS;
}

function hoursOf(from: number, to: number): { hour: number; ms: number }[] {
  const hours: { hour: number; ms: number }[] = [];
  for (let end = to; end > from && hours.length < HOURS_MAX;) {
    const hour = hourOf(end - 1);
    const start = Math.max(hour, from);
    hours.push({ hour, ms: end - start });
    end = start;
  }
  return hours;
}
