/** What only grows: plain numbers since the start of a server, and counts by name where there are few names. */
import { Histogram } from '../store/index.ts';

/** Counts by name; the names are codes and reasons of this program, so there are few. */
export class CountsByName {
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  toObject(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}

/** Totals since the start. */
export class Totals {
  accepted = 0;
  handshakesSucceeded = 0;
  faults = 0;
  /** Of connections that are gone. */
  bytesIn = 0;
  bytesOut = 0;
  requests = 0;
  /** From the first byte to the open session. */
  readonly handshakeSeconds = new Histogram();
  readonly refused = new CountsByName();
  readonly handshakesFailed = new CountsByName();
  readonly enrolled = new CountsByName();
  readonly disconnected = new CountsByName();
}
