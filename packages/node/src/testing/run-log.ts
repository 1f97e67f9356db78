/**
 * RunLog: the rules that hold for a run of real processes, whatever was killed (docs/reliability.md). Not part of the
 * product.
 *
 *   1. what has a receipt is delivered to every subscription    2. nothing is delivered that was not published
 *   3. first deliveries come in order of sequence                4. sequences are gapless, skips included
 *   5. repetitions have the same id and payload, and a higher attempt than before
 *   6. the events of one publisher keep their order              7. receipts name each event once, by increasing sequence
 *
 * Members of a queue group share a subscription: for all of them together 1, 2, and that a sequence is one event.
 */
import type { Line } from './agent-program.ts';

interface Delivery {
  readonly id: string;
  readonly sequence: number;
  readonly attempt: number;
  readonly payload: string;
}

/** How much a run did, counted by `check`: events with a receipt, first deliveries and repeated ones. */
export interface RunTotals {
  readonly receipts: number;
  readonly deliveries: number;
  readonly repetitions: number;
}

/**
 * What was published, what has a receipt and what was delivered in a run of real processes. `check` says what is wrong
 * with it, such as an event with a receipt that was not delivered.
 */
export class RunLog {
  readonly #published = new Map<string, number>();
  readonly #receipts = new Map<string, number>();
  readonly #subscriptions = new Map<string, Line[]>();
  readonly #groups = new Map<string, Line[]>();
  readonly #faults: string[] = [];
  #lines = 0;
  #repetitions = 0;

  /** A payload that is about to be published; each is published once. @param payload `PUBLISHER-NUMBER`. */
  publish(payload: string): void {
    this.#published.set(payload, this.#published.size);
  }

  /** What publishers printed; may be told again with more. */
  receipts(lines: readonly Line[]): void {
    let before = 0;
    for (const line of lines) {
      if (line.event !== 'receipt') continue;
      const sequence = Number(line['sequence']);
      const id = String(line['id']);
      if (sequence <= before) this.#faults.push(`receipt of ${id}: sequence ${sequence} after ${before}`);
      before = sequence;
      this.#receipts.set(id, sequence);
    }
  }

  /** What the programs of one durable subscription printed, one after the other. */
  deliveries(subscription: string, lines: readonly Line[]): void {
    const known = this.#subscriptions.get(subscription) ?? [];
    known.push(...lines.filter(({ event }) => event === 'delivery' || event === 'skipped'));
    this.#subscriptions.set(subscription, known);
  }

  /** What the members of a queue group printed; each is told once. */
  members(group: string, lines: readonly Line[]): void {
    const known = this.#groups.get(group) ?? [];
    known.push(...lines.filter(({ event }) => event === 'delivery'));
    this.#groups.set(group, known);
  }

  /** Ids of events with a receipt. */
  get receiptIds(): readonly string[] {
    return [...this.#receipts.keys()];
  }

  get receiptCount(): number {
    return this.#receipts.size;
  }

  /** @returns what is wrong; empty when all rules hold. */
  check(): readonly string[] {
    const faults = [...this.#faults];
    for (const [name, lines] of this.#subscriptions)
      faults.push(...this.#checkSubscription(lines).map((fault) => `${name}: ${fault}`));
    for (const [name, lines] of this.#groups)
      faults.push(...this.#checkGroup(lines).map((fault) => `group ${name}: ${fault}`));
    return faults;
  }

  get totals(): RunTotals {
    return {
      receipts: this.#receipts.size,
      deliveries: this.#lines - this.#repetitions,
      repetitions: this.#repetitions,
    };
  }

  #checkSubscription(lines: readonly Line[]): readonly string[] {
    const faults: string[] = [];
    const first = new Map<number, Delivery>();
    const order = new Map<string, number>();
    let next = 1;
    for (const line of lines) {
      if (line.event === 'skipped') {
        if (line['from'] !== next) faults.push(`skipped from ${String(line['from'])}, expected ${next}`);
        next = Number(line['to']) + 1;
        continue;
      }
      this.#lines += 1;
      const delivery = line as unknown as Delivery;
      const before = first.get(delivery.sequence);
      if (before !== undefined) {
        this.#repetitions += 1;
        faults.push(...checkRepetition(before, delivery));
        first.set(delivery.sequence, delivery);
        continue;
      }
      if (delivery.sequence !== next) faults.push(`sequence ${delivery.sequence} came first, expected ${next}`);
      next = delivery.sequence + 1;
      first.set(delivery.sequence, delivery);
      faults.push(...this.#checkFirst(delivery, order));
    }
    return [...faults, ...this.#checkIds(first)];
  }

  #checkGroup(lines: readonly Line[]): readonly string[] {
    const faults: string[] = [];
    const first = new Map<number, Delivery>();
    for (const delivery of lines as unknown as readonly Delivery[]) {
      this.#lines += 1;
      const { id, sequence, payload } = delivery;
      const before = first.get(sequence);
      if (before === undefined) {
        first.set(sequence, delivery);
        if (!this.#published.has(payload)) faults.push(`${payload} was never published`);
        continue;
      }
      this.#repetitions += 1;
      if (before.id !== id || before.payload !== payload) faults.push(`${sequence} changed`);
    }
    return [...faults, ...this.#checkIds(first)];
  }

  #checkIds(first: ReadonlyMap<number, Delivery>): readonly string[] {
    const faults: string[] = [];
    const ids = new Set([...first.values()].map(({ id }) => id));
    if (ids.size !== first.size) faults.push(`${first.size - ids.size} events came under two sequences`);
    for (const id of this.#receipts.keys()) if (!ids.has(id)) faults.push(`${id} has a receipt and was not delivered`);
    return faults;
  }

  #checkFirst({ payload, sequence }: Delivery, order: Map<string, number>): readonly string[] {
    if (!this.#published.has(payload)) return [`${payload} was never published`];
    const [publisher = '', number = ''] = payload.split('-');
    const before = order.get(publisher) ?? 0;
    order.set(publisher, Number(number));
    return Number(number) > before ? [] : [`${payload} at ${sequence} came after ${publisher}-${before}`];
  }
}

function checkRepetition(before: Delivery, again: Delivery): readonly string[] {
  const faults: string[] = [];
  const { sequence } = again;
  if (before.id !== again.id || before.payload !== again.payload) faults.push(`${sequence} changed`);
  if (again.attempt < 2) faults.push(`${sequence} came again as attempt ${again.attempt}`);
  return faults;
}
