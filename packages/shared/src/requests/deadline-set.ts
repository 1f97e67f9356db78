import { IdTable } from './id-table.ts';

/**
 * Ids with deadlines. Adding and deleting cost O(1); the earliest deadline is a lower bound that is made exact when it
 * passes, which costs one look at each waiting id: at most `requestsInFlightMax`.
 */
export class DeadlineSet {
  readonly #deadlines = new IdTable<number>();
  #earliest = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#deadlines.size;
  }

  /** No deadline is earlier than this; Infinity when there is none. */
  get earliest(): number {
    return this.#deadlines.size === 0 ? Number.POSITIVE_INFINITY : this.#earliest;
  }

  add(id: number, deadlineAt: number): void {
    this.#earliest = this.#deadlines.size === 0 ? deadlineAt : Math.min(this.#earliest, deadlineAt);
    this.#deadlines.add(id, deadlineAt);
  }

  has(id: number): boolean {
    return this.#deadlines.has(id);
  }

  /** @returns whether the id was in the set. */
  delete(id: number): boolean {
    return this.#deadlines.delete(id);
  }

  /** Takes out and returns the ids whose deadline is not after `now`. */
  expire(now: number): number[] {
    if (now < this.earliest) return [];
    const expired: number[] = [];
    let earliest = Number.POSITIVE_INFINITY;
    for (const [id, deadlineAt] of this.#deadlines.entries()) {
      if (deadlineAt <= now) {
        expired.push(id);
        this.#deadlines.delete(id);
      } else if (deadlineAt < earliest) earliest = deadlineAt;
    }
    this.#earliest = earliest;
    return expired;
  }
}
