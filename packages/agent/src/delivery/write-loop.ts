/** WriteLoop: group commit. One write is under way at a time; what is asked for meanwhile goes into the next one. */
import { setImmediate as endOfTurn } from 'node:timers/promises';

export class WriteLoop {
  readonly #write: () => Promise<boolean>;
  #running: Promise<void> | undefined;
  /** Somebody asked since the last write began. */
  #isWanted = false;

  /** @param write writes what waits; resolves with whether more waits. Never rejects. */
  constructor(write: () => Promise<boolean>) {
    this.#write = write;
  }

  /** Something waits: it is written with everything else of this turn. */
  wake(): void {
    this.#isWanted = true;
    this.#running ??= this.#run();
  }

  /** Resolves when nothing is under way. */
  async quiet(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    await endOfTurn();
    while (this.#isWanted) {
      this.#isWanted = false;
      if (await this.#write()) this.#isWanted = true;
    }
    this.#running = undefined;
  }
}
