/**
 * DoneSet: which sequences of a numbered line are done: all up to a cursor, and runs beyond it.
 *
 * A window of N undone sequences leaves at most N + 1 runs, however long one of them stays undone. Where others take
 * part of a line, as in a queue group, runs grow without that bound: beyond `RUNS_MAX` the oldest is forgotten.
 */

/** Sequences `from` to `to`, both included. */
export type Run = readonly [from: number, to: number];

/** What a set holds, to be written down. */
export interface DoneState {
  /** Everything up to this one is done. */
  readonly cursor: number;
  /** Beyond it, ascending, with gaps between them. */
  readonly runs: readonly Run[];
}

/** Runs that are remembered: a window of 256 needs 257. */
export const RUNS_MAX = 4_096;

export class DoneSet {
  #cursor: number;
  readonly #runs: [number, number][];

  constructor(state: DoneState = { cursor: 0, runs: [] }) {
    this.#cursor = state.cursor;
    this.#runs = state.runs.map(([from, to]) => [from, to]);
    this.#join();
  }

  /** Everything up to this one is done. */
  get cursor(): number {
    return this.#cursor;
  }

  /** The highest that is done; 0 for none. */
  get last(): number {
    return this.#runs.at(-1)?.[1] ?? this.#cursor;
  }

  has(sequence: number): boolean {
    if (sequence <= this.#cursor) return true;
    const run = this.#runs[this.#runIndex(sequence)];
    return run !== undefined && run[0] <= sequence;
  }

  add(sequence: number): void {
    this.addRun(sequence, sequence);
  }

  addRun(from: number, to: number): void {
    if (to <= this.#cursor) return;
    const first = this.#runIndex(from - 1);
    let last = first;
    let [start, end] = [from, to];
    for (let run = this.#runs[last]; run !== undefined && run[0] <= end + 1; run = this.#runs[++last]) {
      start = Math.min(start, run[0]);
      end = Math.max(end, run[1]);
    }
    this.#runs.splice(first, last - first, [start, end]);
    this.#join();
    if (this.#runs.length > RUNS_MAX) this.#runs.shift();
  }

  /** Everything up to here is done. */
  advanceTo(cursor: number): void {
    if (cursor <= this.#cursor) return;
    this.#cursor = cursor;
    this.#join();
  }

  /** Everything that another state says is done, is done. */
  merge({ cursor, runs }: DoneState): void {
    this.advanceTo(cursor);
    for (const [from, to] of runs) this.addRun(from, to);
  }

  state(): DoneState {
    return { cursor: this.#cursor, runs: this.#runs.map(([from, to]) => [from, to] as const) };
  }

  /** Bit i, the lowest of the first byte being 0, is set where sequence `cursor + 1 + i` is done. */
  bitmap(bytesMax: number): Uint8Array {
    const lastBit = Math.min((this.#runs.at(-1)?.[1] ?? this.#cursor) - this.#cursor, bytesMax * 8);
    const bitmap = new Uint8Array(Math.ceil(lastBit / 8));
    for (const [from, to] of this.#runs) {
      const end = Math.min(to - this.#cursor, lastBit);
      for (let bit = from - this.#cursor - 1; bit < end; bit++) {
        const index = bit >> 3;
        bitmap[index] = (bitmap[index] ?? 0) | (1 << (bit & 7));
      }
    }
    return bitmap;
  }

  /** Index of the first run that ends at `sequence` or later. */
  #runIndex(sequence: number): number {
    let [low, high] = [0, this.#runs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const run = this.#runs[middle];
      if (run !== undefined && run[1] < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Runs that touch the cursor, or lie below it, are part of it. */
  #join(): void {
    let joined = 0;
    for (let run = this.#runs[0]; run !== undefined && run[0] <= this.#cursor + 1; run = this.#runs[joined]) {
      this.#cursor = Math.max(this.#cursor, run[1]);
      joined += 1;
    }
    if (joined > 0) this.#runs.splice(0, joined);
  }
}
