/**
 * What a store should do, told as simply as it can be: lists of entries, nothing of chunks, checkpoints and batches. Every
 * change is a value, so that "what was done up to here" can be told anew for each prefix of what was asked.
 */
import type { Settlement } from '../../../src/store/index.ts';

/** Names of the queues of the model, and what reaches them. */
export const QUEUE_NAMES = ['direct', 'some', 'all'] as const;
export type QueueName = (typeof QUEUE_NAMES)[number];

/** An event of the model: its number in the one outbox is its id. */
export interface ModelEvent {
  readonly number: number;
  readonly to: 'agent:bob' | 'topic:a.b' | 'topic:c';
  readonly body: string;
  readonly dueAt: number;
}

export type Change =
  | { readonly kind: 'store'; readonly event: ModelEvent; readonly isDelayed: boolean }
  | { readonly kind: 'due'; readonly now: number }
  | { readonly kind: 'settle'; readonly queue: QueueName; readonly settlement: Settlement }
  | { readonly kind: 'reopen'; readonly queue: QueueName }
  | { readonly kind: 'redrive'; readonly queue: QueueName; readonly sequence: number };

interface Entry {
  readonly event: ModelEvent | undefined;
  failures: number;
  /** Reason of a skip; undefined for an event that waits. */
  skip: string | undefined;
  isDone: boolean;
}

interface Letter {
  readonly event: ModelEvent | undefined;
  readonly sequence: number;
  readonly queue: QueueName;
  /** Which life of the queue it was; a queue that was made anew takes nothing back. */
  readonly life: number;
}

const REACHED: Readonly<Record<ModelEvent['to'], readonly QueueName[]>> = {
  'agent:bob': ['direct'],
  'topic:a.b': ['some', 'all'],
  'topic:c': ['all'],
};

export class NaiveStore {
  readonly #eventsMax: number;
  readonly #queues = new Map<QueueName, Entry[]>(QUEUE_NAMES.map((name) => [name, []]));
  readonly #lives = new Map<QueueName, number>();
  #delayed: ModelEvent[] = [];
  letters: Letter[] = [];
  readonly stored = new Set<number>();

  constructor(eventsMax: number) {
    this.#eventsMax = eventsMax;
  }

  /** Whether an event is refused now because its receiver's queue is full. */
  refuses({ to }: ModelEvent): boolean {
    return to === 'agent:bob' && this.#isFull('direct');
  }

  isOverflow(queue: QueueName, sequence: number): boolean {
    return this.#entries(queue)[sequence - 1]?.skip === 'overflow';
  }

  do(change: Change): void {
    switch (change.kind) {
      case 'store':
        this.stored.add(change.event.number);
        if (change.isDelayed) this.#delayed.push(change.event);
        else for (const name of REACHED[change.event.to]) this.#append(name, change.event, this.#isFull(name));
        return;
      case 'due': {
        const due = this.#delayed.filter(({ dueAt }) => dueAt <= change.now).sort((a, b) => a.dueAt - b.dueAt);
        this.#delayed = this.#delayed.filter(({ dueAt }) => dueAt > change.now);
        for (const event of due) for (const name of REACHED[event.to]) this.#append(name, event, false);
        return;
      }
      case 'settle':
        this.#settle(change.queue, change.settlement);
        return;
      case 'reopen':
        this.#queues.set(change.queue, []);
        this.#lives.set(change.queue, this.#lifeOf(change.queue) + 1);
        return;
      case 'redrive': {
        const letter = this.letterOf(change.queue, change.sequence);
        this.letters = this.letters.filter((each) => each !== letter);
        if (letter?.event !== undefined) this.#append(change.queue, letter.event, false);
      }
    }
  }

  /** A dead letter of the queue as it is now. */
  letterOf(queue: QueueName, sequence: number): Letter | undefined {
    const life = this.#lifeOf(queue);
    return this.letters.find((each) => each.queue === queue && each.sequence === sequence && each.life === life);
  }

  /** All of it, as `observe` of a real store tells it. */
  describe(): readonly string[] {
    const lines = QUEUE_NAMES.map((name) => {
      const entries = this.#entries(name);
      const open = entries.flatMap((entry, index) => (entry.isDone ? [] : [describe(entry, index + 1)]));
      const waiting = entries.filter(({ isDone, skip }) => !isDone && skip === undefined).length;
      return `${name} next ${entries.length + 1} settled ${this.#settledTo(name)} waiting ${waiting}: ${open.join(' ')}`;
    });
    const letters = this.letters.map(({ event, sequence }) => `${event?.number}@${sequence}`).sort();
    return [...lines, `letters ${letters.join(' ')}`, `number ${Math.max(0, ...this.stored)}`];
  }

  #lifeOf(name: QueueName): number {
    return this.#lives.get(name) ?? 0;
  }

  #entries(name: QueueName): Entry[] {
    return this.#queues.get(name) ?? [];
  }

  #isFull(name: QueueName): boolean {
    const entries = this.#entries(name);
    if (entries.length < this.#eventsMax) return false;
    return entries.filter(({ isDone, skip }) => !isDone && skip === undefined).length >= this.#eventsMax;
  }

  #settledTo(name: QueueName): number {
    const entries = this.#entries(name);
    const open = entries.findIndex(({ isDone }) => !isDone);
    return open < 0 ? entries.length : open;
  }

  #append(name: QueueName, event: ModelEvent, isOverflow: boolean): void {
    this.#entries(name).push({ event, failures: 0, skip: isOverflow ? 'overflow' : undefined, isDone: false });
  }

  #settle(name: QueueName, settlement: Settlement): void {
    const entries = this.#entries(name);
    if (settlement.kind === 'acked-to') {
      for (const entry of entries.slice(0, settlement.sequence)) entry.isDone = true;
      return;
    }
    if (settlement.kind === 'skip-seen') {
      for (const entry of entries.slice(0, settlement.to)) if (entry.skip !== undefined) entry.isDone = true;
      return;
    }
    const entry = entries[settlement.sequence - 1];
    if (entry === undefined || entry.isDone) return;
    if (settlement.kind === 'acked') entry.isDone = true;
    if (entry.skip !== undefined || entry.isDone) return;
    if (settlement.kind === 'failed') entry.failures += 1;
    if (settlement.kind === 'dropped') entry.skip = settlement.reason;
    if (settlement.kind !== 'dead') return;
    entry.skip = 'dead-letter';
    const { sequence } = settlement;
    this.letters.push({ event: entry.event, sequence, queue: name, life: this.#lifeOf(name) });
  }
}

function describe({ event, failures, skip }: Entry, sequence: number): string {
  return skip === undefined ? `${sequence}=${event?.number}/${event?.body.length}!${failures}` : `${sequence}~${skip}`;
}
