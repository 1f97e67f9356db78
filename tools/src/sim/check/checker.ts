/**
 * Checker: what must hold of a whole run, whatever went wrong in it (docs/reliability.md). It hears what programs see, and
 * knows nothing of how it came about.
 *
 *   1. what has a receipt, or was durable in an outbox, is delivered in the end, or announced as skipped
 *   2. nothing is delivered that was not published like this          3. an event has one place in a subscription
 *   4. first deliveries come in order, and in the order of their outbox  5. sequences are gapless, skips included
 *   6. repetitions are the same, and say so                            7. what was done and written down stays away
 *   8. nothing expires before its time                                  9. a program that publishes is told the end of it
 *  10. where all is well, an event reaches a subscription once, however long its handler works
 */
import type { SkippedEvents } from '@sealane/agent';

/** An event as its program published it. */
export interface PublishedEvent {
  /** The text of its body: no two events have the same. */
  readonly body: string;
  readonly from: string;
  readonly to: string;
  /** When its program published it. All times are those of the world, which no clock of it shows. */
  readonly publishedAt: number;
  /** Time after which it may be dropped, ms; undefined for none. */
  readonly ttlMs: number | undefined;
  readonly isDelayed: boolean;
  /** What a receipt means. */
  readonly isRelaxed: boolean;
  /** It is published when nothing goes wrong any more, and nothing else happens. */
  readonly isAlone: boolean;
}

/** An event as a handler gets it. */
export interface Delivery {
  readonly life: Life;
  readonly sequence: number;
  readonly attempt: number;
  readonly id: string;
  readonly from: string;
  readonly topic: string | undefined;
  readonly body: string;
}

/** One life of a program: from its start to its end. */
export interface Life {
  readonly startedAt: number;
  /** Undefined while it lives. */
  readonly endedAt: number | undefined;
  /** When its present connection was made: it knows what was written down before. */
  readonly connectedAt: number;
}

/** Sequences that are told to come without an event. */
export interface SkippedRun {
  readonly from: number;
  readonly to: number;
  readonly reason: SkippedEvents['reason'];
  readonly life: Life;
  /** When it was told. */
  readonly at: number;
}

interface Seen {
  readonly id: string;
  readonly body: string;
  /** The life whose handler had it last. */
  life: Life;
  /** Who is done with it, and when that was written down. */
  readonly done: Map<Life, number>;
}

interface Skip {
  /** To which life it was told last. */
  life: Life;
  /** When it was first told that it expired; undefined where it never was. */
  expiredAt: number | undefined;
}

interface SubscriptionLog {
  readonly seen: Map<number, Seen>;
  readonly skipped: Map<number, Skip>;
  /** The highest sequence that a handler got, and whose. */
  firstTo: number;
  firstLife: Life | undefined;
  /** A skip is told as it comes; events before it may still wait for a handler. */
  lastSkipped: number;
}

/** A durable subscription of a world. */
export interface SimSubscription {
  readonly name: string;
  readonly isGroup: boolean;
  /** Whether it takes events of an address. */
  readonly reaches: (to: string) => boolean;
}

const FAULTS_MAX = 20;
/**
 * How far the clocks of two servers, where an event is published and where it expires, may be ahead of the time that passed:
 * each follows a clock that was set by 1 ms in 200, and is rounded to whole ms.
 */
const CLOCKS_AHEAD = 0.01;
const CLOCKS_AHEAD_MS = 2;

export class Checker {
  readonly faults: string[] = [];
  /** By body. */
  readonly #published = new Map<string, PublishedEvent>();
  /** Ids and places in the log, by body. */
  readonly #receipts = new Map<string, { readonly id: string; readonly sequence: number }>();
  readonly #bySequence = new Map<number, string>();
  /** Durable at their producer. */
  readonly #promised = new Set<string>();
  /** Whose end is not told yet, by body. */
  readonly #publishing = new Map<string, Life>();
  readonly #logs = new Map<string, SubscriptionLog>();
  deliveries = 0;
  readonly #mayForgetAttempts: boolean;
  readonly #mayForgetSkips: boolean;

  /**
   * @param options.mayForgetAttempts while a disk is full, a first delivery may not be known as one after a crash.
   * @param options.mayForgetSkips there are several nodes: who takes note of a skip of a group does so of all before it.
   */
  constructor(options: { readonly mayForgetAttempts: boolean; readonly mayForgetSkips: boolean }) {
    this.#mayForgetAttempts = options.mayForgetAttempts;
    this.#mayForgetSkips = options.mayForgetSkips;
  }

  get publishedCount(): number {
    return this.#published.size;
  }

  get promisedCount(): number {
    return this.#promised.size;
  }

  /** Its program begins to publish it. */
  published(event: PublishedEvent, life: Life): void {
    this.#published.set(event.body, event);
    this.#publishing.set(event.body, life);
  }

  /** Its program was told what became of it, good or bad. */
  settled(body: string): void {
    this.#publishing.delete(body);
  }

  /** What programs that live wait to be told. */
  unsettled(): readonly string[] {
    const living = [...this.#publishing].filter(([, { endedAt }]) => endedAt === undefined);
    return living.map(([body]) => `nobody was told what became of "${body}"`);
  }

  /** It is durable in its outbox. */
  queued(body: string): void {
    this.#promise(body);
  }

  /** It has a receipt. */
  received(body: string, receipt: { readonly id: string; readonly sequence: number }): void {
    // What is relaxed may be lost after its receipt, and its place be given to another.
    if (this.#published.get(body)?.isRelaxed !== false) return;
    const before = this.#receipts.get(body);
    const { sequence, id } = receipt;
    if (before !== undefined && (before.sequence !== sequence || before.id !== id))
      this.fault(`"${body}" has two receipts: ${before.sequence} ${before.id}, ${sequence} ${id}`);
    const other = this.#bySequence.get(sequence);
    if (other !== undefined && other !== body) this.fault(`"${body}" and "${other}" have the receipt ${sequence}`);
    this.#receipts.set(body, receipt);
    this.#bySequence.set(sequence, body);
    this.#promise(body);
  }

  /** It will not be stored: its program was told so. */
  refused(body: string): void {
    this.#promised.delete(body);
  }

  delivered({ name, isGroup, reaches }: SimSubscription, event: Delivery): void {
    this.deliveries += 1;
    const { sequence, attempt, id, body, life } = event;
    const published = this.#published.get(body);
    const log = this.#log(name);
    if (published === undefined) this.fault(`${name} ${sequence}: "${body}" was never published`);
    else this.#compare(name, event, published, reaches);
    const before = log.seen.get(sequence);
    if (before === undefined) {
      if (!isGroup) this.#checkFirst(name, log, event);
      if (sequence > log.firstTo) [log.firstTo, log.firstLife] = [sequence, life];
      log.seen.set(sequence, { id, body, life, done: new Map() });
      return;
    }
    if (published?.isAlone === true)
      this.fault(`${name} ${sequence} came again as attempt ${attempt}, and nothing had gone wrong`);
    if (before.id !== id || before.body !== body)
      this.fault(`${name} ${sequence} changed: "${before.body}", "${body}"`);
    if (attempt < 2 && isAfter(life, before.life) && !this.#mayForgetAttempts)
      this.fault(`${name} ${sequence} came again as attempt ${attempt}`);
    before.life = life;
    const isKnown = [...before.done].some(([by, at]) => by === life || at < life.connectedAt);
    if (isKnown && !isGroup) this.fault(`${name} ${sequence} came again after its ack was written down`);
  }

  skipped({ name }: SimSubscription, skip: SkippedRun): void {
    const log = this.#log(name);
    const { life, at, reason } = skip;
    for (let sequence = skip.from; sequence <= skip.to; sequence++) {
      const expiredAt = log.skipped.get(sequence)?.expiredAt ?? (reason === 'expired' ? at : undefined);
      log.skipped.set(sequence, { life, expiredAt });
    }
    log.lastSkipped = Math.max(log.lastSkipped, skip.to);
  }

  /** A life is done with it. @param done.at when that was on the disk of the agent; Infinity where nobody knows. */
  acked({ name }: SimSubscription, sequence: number, { life, at }: { readonly life: Life; readonly at: number }): void {
    const seen = this.#log(name).seen.get(sequence);
    if (seen !== undefined && !seen.done.has(life)) seen.done.set(life, at);
  }

  /** What is owed at present: promised, and neither delivered nor skipped. Bounded work for each call. */
  owed(subscriptions: readonly SimSubscription[]): readonly string[] {
    const owed: string[] = [];
    for (const { name, reaches } of subscriptions) {
      const log = this.#log(name);
      const bodies = new Set([...log.seen.values()].map(({ body }) => body));
      for (const body of this.#promised) {
        const event = this.#published.get(body);
        if (event === undefined || !reaches(event.to) || bodies.has(body) || event.ttlMs !== undefined) continue;
        owed.push(`${name} never got "${body}"`);
      }
    }
    return owed;
  }

  /** The end of a run. @returns what is wrong. */
  finish(subscriptions: readonly SimSubscription[]): readonly string[] {
    for (const each of [...this.owed(subscriptions), ...this.unsettled()]) this.fault(each);
    for (const subscription of unique(subscriptions)) {
      const { name } = subscription;
      const log = this.#log(name);
      const gaps = gapsOf(log);
      const untold = this.#mayForgetSkips && subscription.isGroup ? gaps.filter((each) => each < log.lastSkipped) : [];
      for (const sequence of gaps) if (!untold.includes(sequence)) this.fault(`${name} ${sequence} is a gap`);
      this.#checkExpiries(subscription, log, untold.length);
      this.#checkPlaces(name, log);
      this.#checkOrder(name, log);
    }
    return this.faults;
  }

  fault(what: string): void {
    if (this.faults.length < FAULTS_MAX) this.faults.push(what);
  }

  #promise(body: string): void {
    this.#promised.add(body);
  }

  #compare(name: string, event: Delivery, published: PublishedEvent, reaches: (to: string) => boolean): void {
    const { sequence, from, topic, body } = event;
    if (from !== published.from) this.fault(`${name} ${sequence}: "${body}" comes from ${from}`);
    const to = topic === undefined ? published.to : `topic:${topic}`;
    if (to !== published.to || !reaches(published.to))
      this.fault(`${name} ${sequence}: "${body}" was for ${published.to}`);
    const receipt = this.#receipts.get(body);
    if (receipt !== undefined && receipt.id !== event.id)
      this.fault(`${name} ${sequence}: "${body}" has the id ${event.id}`);
  }

  #checkFirst(name: string, { skipped, firstTo, firstLife }: SubscriptionLog, { sequence, life }: Delivery): void {
    const skippedFor = skipped.get(sequence)?.life;
    if (skippedFor !== undefined && isAfter(life, skippedFor))
      this.fault(`${name} ${sequence} came after it was skipped`);
    if (sequence < firstTo && firstLife !== undefined && isAfter(life, firstLife))
      this.fault(`${name} ${sequence} came first after ${firstTo}`);
  }

  #checkPlaces(name: string, { seen }: SubscriptionLog): void {
    const places = new Map<string, number>();
    for (const [sequence, { body }] of seen) {
      const before = places.get(body);
      if (before !== undefined) this.fault(`${name}: "${body}" stands at ${before} and ${sequence}`);
      places.set(body, sequence);
    }
  }

  /** Events of one outbox for one address stand in the order of their numbers. */
  #checkOrder(name: string, { seen }: SubscriptionLog): void {
    const last = new Map<string, number>();
    for (const [sequence, { id, body }] of [...seen].sort(([a], [b]) => a - b)) {
      const event = this.#published.get(body);
      const match = /^(.{16})-(\d+)$/.exec(id);
      if (match === null || event === undefined || event.isDelayed) continue;
      const key = `${match[1] ?? ''} ${event.to}`;
      const number = Number(match[2]);
      if (number <= (last.get(key) ?? 0))
        this.fault(`${name} ${sequence}: "${body}" (${number}) stands after ${last.get(key) ?? 0} of its outbox`);
      last.set(key, number);
    }
  }

  /**
   * What expired was due. Nobody says which event a skip stands for: so the first skip is held against what was due first,
   * the second against the next, and so on; where that does not go, no other way does.
   */
  #checkExpiries({ name, reaches }: SimSubscription, { seen, skipped }: SubscriptionLog, untold: number): void {
    const bodies = new Set([...seen.values()].map(({ body }) => body));
    const expired = [...skipped].filter(([sequence]) => !seen.has(sequence)).map(([, { expiredAt }]) => expiredAt);
    const unseen = [...this.#published.values()].filter(
      ({ body, to, ttlMs }) => ttlMs !== undefined && reaches(to) && !bodies.has(body),
    );
    const kept = unseen.filter(({ body }) => this.#promised.has(body));
    if (kept.length > expired.length + untold)
      this.fault(`${name}: "${kept[0]?.body ?? ''}" is neither delivered nor skipped`);
    const dues = unseen.map(dueAt).sort((a, b) => a - b);
    const times = expired.filter((at) => at !== undefined).sort((a, b) => a - b);
    for (const [index, at] of times.entries()) this.#checkExpiry(name, at, dues[index]);
    for (const [sequence, { expiredAt }] of skipped) {
      const event = this.#published.get(seen.get(sequence)?.body ?? '');
      if (expiredAt !== undefined && event !== undefined)
        this.#checkExpiry(`${name} ${sequence}`, expiredAt, dueAt(event));
    }
  }

  #checkExpiry(what: string, at: number, due = Number.POSITIVE_INFINITY): void {
    if (at * (1 + CLOCKS_AHEAD) + CLOCKS_AHEAD_MS < due)
      this.fault(`${what} was dropped at ${at.toFixed(0)} ms as expired: nothing was due before ${due.toFixed(0)} ms`);
  }

  #log(name: string): SubscriptionLog {
    let log = this.#logs.get(name);
    if (log === undefined)
      this.#logs.set(
        name,
        (log = { seen: new Map(), skipped: new Map(), firstTo: 0, firstLife: undefined, lastSkipped: 0 }),
      );
    return log;
  }
}

/** When it may be dropped. */
function dueAt({ publishedAt, ttlMs = Number.POSITIVE_INFINITY }: PublishedEvent): number {
  return publishedAt + ttlMs;
}

/** Sequences that nobody was told anything of. */
function gapsOf({ firstTo, lastSkipped, seen, skipped }: SubscriptionLog): readonly number[] {
  const sequences = Array.from({ length: Math.max(firstTo, lastSkipped) }, (_, index) => index + 1);
  return sequences.filter((sequence) => !seen.has(sequence) && !skipped.has(sequence));
}

/** Members of a group share a subscription. */
function unique(subscriptions: readonly SimSubscription[]): Iterable<SimSubscription> {
  return new Map(subscriptions.map((each) => [each.name, each])).values();
}

/** What an earlier life got may reach a later one before it: the two may overlap. */
function isAfter(life: Life, before: Life): boolean {
  return life === before || (before.endedAt !== undefined && before.endedAt <= life.startedAt);
}
