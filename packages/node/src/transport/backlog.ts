/**
 * Backlog: memory that peers cost who do not read. Each costs little; thousands of them must not cost more than the
 * program has.
 *
 * A connection may have as many unsent bytes as are free for all (dynamic thresholds: Choudhury and Hahne 1998): a few slow
 * readers get what one connection may have at most, many share what there is. Where that is not enough, because one answer
 * for each is too much, those go first whose bytes have waited longest. Who reads has nothing waiting and notices nothing.
 */

/** A connection with unsent bytes. */
export interface BackloggedConnection {
  /** Ends it, so that its unsent bytes are free. */
  cutForMemory(): void;
}

/** What the bytes are held against. */
export interface BacklogLimits {
  /** For all connections together. */
  readonly bytesMax: number;
  /** For one, while there is room for all. */
  readonly connectionBytesMax: number;
}

/** As much may wait on one connection however little is free. */
const CONNECTION_BYTES_MIN = 16_384;

/** The unsent bytes of many connections together: how many one may have now, and who is cut when there are too many. */
export class Backlog {
  readonly #limits: BacklogLimits;
  /** Those with unsent bytes, the one first that has had some for longest. */
  readonly #waiting = new Map<BackloggedConnection, number>();
  #bytes = 0;
  #isCutting = false;

  constructor(limits: BacklogLimits) {
    this.#limits = limits;
  }

  /** Unsent bytes of all connections. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether one connection may have less than usual. */
  get isShort(): boolean {
    return this.connectionBytesMax < this.#limits.connectionBytesMax;
  }

  /** How many unsent bytes one connection may have now, before it has to wait. */
  get connectionBytesMax(): number {
    const { bytesMax, connectionBytesMax } = this.#limits;
    return Math.min(connectionBytesMax, Math.max(bytesMax - this.#bytes, CONNECTION_BYTES_MIN));
  }

  /** A connection has so many unsent bytes now. May cut others, or itself. */
  note(connection: BackloggedConnection, unsentBytes: number): void {
    this.#bytes += unsentBytes - (this.#waiting.get(connection) ?? 0);
    if (unsentBytes === 0) this.#waiting.delete(connection);
    else this.#waiting.set(connection, unsentBytes);
    // Who is cut reports that it has nothing any more.
    if (this.#bytes > this.#limits.bytesMax && !this.#isCutting) this.#cut();
  }

  #cut(): void {
    this.#isCutting = true;
    for (const [connection, unsentBytes] of this.#waiting) {
      if (this.#bytes <= this.#limits.bytesMax) break;
      this.#waiting.delete(connection);
      this.#bytes -= unsentBytes;
      connection.cutForMemory();
    }
    this.#isCutting = false;
  }
}
