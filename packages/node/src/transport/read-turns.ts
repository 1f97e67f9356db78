/**
 * ReadTurns: why connections take turns, and when a turn ends. Each round of the event loop reads every connection that
 * has something, so hundreds of busy ones make one round long, and whoever asks something small waits for it. Here only
 * some of the busy ones are read in a round, and the others wait for their turn.
 *
 * A turn lasts until a frame is whole: hundreds of frames that are half there would take memory for all of them.
 */

/** A connection that can wait. */
export interface TurnTaker {
  /** It may be read again. */
  readOn(): void;
}

/** Who brings less is no busy one. */
const SMALL_BYTES_MAX = 8_192;
/** Bytes of busy ones in a round: a few milliseconds of work. */
const ROUND_BYTES_MAX = 262_144;
/** With more of them waiting, what each keeps for its next frame counts. */
const CROWD = 32;
/** Bytes of one read, as Node makes it. */
const READ_BYTES = 65_536;

/** Fairness between connections that bring much and those that bring little, for all connections of a process. */
export class ReadTurns {
  /** Bytes of busy ones in this round, and those of them whose turn it was. */
  #bytes = 0;
  #turnBytes = 0;
  readonly #waiting = new Set<TurnTaker>();
  #isScheduled = false;

  /** Whether so many wait that they should give memory back. */
  get isCrowded(): boolean {
    return this.#waiting.size > CROWD;
  }

  /** So many bytes of a connection were read. @returns whether it may be read on; if not, `readOn` comes later. */
  take(connection: TurnTaker, bytes: number): boolean {
    if (bytes <= SMALL_BYTES_MAX) return true;
    this.#schedule();
    this.#bytes += bytes;
    // While somebody waits, everybody takes turns: whoever is read first in a round would be read in every round.
    if (this.#bytes <= ROUND_BYTES_MAX && this.#waiting.size === 0) return true;
    this.#waiting.add(connection);
    return false;
  }

  /** So many bytes were read of a connection whose turn is not over. */
  goOn(bytes: number): void {
    this.#schedule();
    this.#bytes += bytes;
    this.#turnBytes += bytes;
  }

  /** A connection is over. */
  leave(connection: TurnTaker): void {
    this.#waiting.delete(connection);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#nextRound);
  }

  readonly #nextRound = (): void => {
    this.#isScheduled = false;
    let room = ROUND_BYTES_MAX - this.#turnBytes;
    this.#bytes = 0;
    this.#turnBytes = 0;
    for (const connection of this.#waiting) {
      if (room <= 0) break;
      room -= READ_BYTES;
      this.#waiting.delete(connection);
      connection.readOn();
    }
    if (this.#waiting.size > 0) this.#schedule();
  };
}
