/** Trace: what happened in a world, line by line. The same seed gives the same lines, and so the same hash. */
import { hash } from 'node:crypto';

export class Trace {
  readonly lines: string[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(who: string, what: string): void {
    this.lines.push(`${this.#now().toFixed(3).padStart(12)} ${who.padEnd(9)} ${what}`);
  }

  /** Hexadecimal. */
  get hash(): string {
    return hash('sha256', this.lines.join('\n'), 'hex').slice(0, 32);
  }
}
