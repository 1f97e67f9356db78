/**
 * Settlements: what is to be told to the store about a queue, gathered until the end of a turn. Where one reader sees the
 * whole queue, acks in order become one `acked-to`; the others are told one by one.
 */
import type { Settlement } from '../store/index.ts';
import type { Unsettled } from './unsettled.ts';

/** The order is rebuilt without settled ones when it is this much longer than twice what was left the last time. */
const ORDER_SLACK = 1_024;

/** What is read here and not settled. */
export interface OpenSequences {
  has(sequence: number): boolean;
  /** The lowest; Infinity for none. */
  first(): number;
}

export class Settlements {
  readonly #seesAll: boolean;
  /** First deliveries in order of their sequences, settled ones included until the order is rebuilt. */
  #order: Unsettled[] = [];
  #orderFrom = 0;
  #rebuildAt = ORDER_SLACK;
  #lastSequence: number;
  #settledTo: number;
  #acked: number[] = [];
  #others: Settlement[] = [];
  #sawSkip = false;
  readonly #open: OpenSequences;
  /** Of a group: skips that were taken note of, by their last sequence, and the open sequence that they wait for. */
  #seenSkips: number[] = [];
  #waitsFor = 0;

  constructor(options: { readonly seesAll: boolean; readonly settledTo: number; readonly open: OpenSequences }) {
    this.#seesAll = options.seesAll;
    this.#open = options.open;
    this.#settledTo = options.settledTo;
    this.#lastSequence = options.settledTo;
  }

  get isEmpty(): boolean {
    return this.#acked.length === 0 && this.#others.length === 0 && !this.#sawSkip && !this.#hasSeen;
  }

  get #hasSeen(): boolean {
    return this.#seenSkips.length > 0 && !this.#open.has(this.#waitsFor);
  }

  /** Of a group: skips that were taken note of and are not told to the store: nobody but this reader knows. */
  get seenSkips(): readonly number[] {
    return this.#seenSkips;
  }

  /** First announcement of a sequence or of a run of them. */
  announced(unsettled: Unsettled): void {
    this.#lastSequence = unsettled.sequence;
    if (this.#seesAll) this.#order.push(unsettled);
  }

  acked(sequence: number): void {
    this.#acked.push(sequence);
  }

  /**
   * An announced skip was taken note of. The store settles all skips up to it, and those before may not have been, or
   * may become skips while they are out: so it counts once all before it is settled.
   */
  skipSeen(to: number): void {
    if (this.#seesAll) this.#sawSkip = true;
    else this.#seenSkips.push(to);
  }

  add(settlement: Settlement): void {
    this.#others.push(settlement);
  }

  /** Those that the store did not take, to be tried again. */
  giveBack(settlements: readonly Settlement[]): void {
    this.#others.unshift(...settlements);
  }

  take(): readonly Settlement[] {
    const settlements = this.#others;
    const acked = this.#acked;
    this.#others = [];
    this.#acked = [];
    const advances = this.#seesAll && (acked.length > 0 || this.#sawSkip);
    const settledTo = advances ? this.#advance() : this.#settledTo;
    this.#sawSkip = false;
    if (this.#hasSeen) this.#takeSeen(settlements);
    if (settledTo > this.#settledTo) settlements.push({ kind: 'acked-to', sequence: settledTo });
    this.#settledTo = settledTo;
    for (const sequence of acked) if (sequence > settledTo) settlements.push({ kind: 'acked', sequence });
    return settlements;
  }

  #takeSeen(settlements: Settlement[]): void {
    this.#waitsFor = this.#open.first();
    const to = this.#seenSkips.reduce((last, each) => (each < this.#waitsFor ? Math.max(last, each) : last), 0);
    if (to === 0) return;
    this.#seenSkips = this.#seenSkips.filter((sequence) => sequence > to);
    settlements.push({ kind: 'skip-seen', to });
  }

  /** Up to where everything announced is settled. */
  #advance(): number {
    const order = this.#order;
    let from = this.#orderFrom;
    while (order[from]?.isSettled === true) from++;
    const first = order[from];
    this.#orderFrom = from;
    if (first === undefined) {
      this.#order = [];
      this.#orderFrom = 0;
      return this.#lastSequence;
    }
    if (order.length >= this.#rebuildAt) this.#rebuild();
    return first.from - 1;
  }

  #rebuild(): void {
    this.#order = this.#order.filter(({ isSettled }) => !isSettled);
    this.#orderFrom = 0;
    this.#rebuildAt = 2 * this.#order.length + ORDER_SLACK;
  }
}
