/** KeyedTurns: work on one thing happens one piece after the other; work on other things does not wait for it. */

export class KeyedTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs work when all that was asked for under this key before is over. */
  async run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(key);
    const turn = before === undefined ? work() : before.then(work, work);
    this.#last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    }
  }
}
