/**
 * Chores: what has to be done after something came in and needs the server: make a commit, ask for a log, heal a group.
 * They are rows, written with what caused them, so that the end of the process forgets none.
 */
import { toHex } from '@sealane/shared/bytes';
import type { SealaneError } from '@sealane/shared/errors';
import type { Transaction } from '@sealane/e2ee/storage';
import { faultOf, isPassing } from './call-failure.ts';
import type { Journal } from './journal.ts';
import { nextNumber, tables, type ChoreRow } from './tables.ts';

/** Does one chore; throws when it could not be done. */
export type DoChore = (chore: ChoreRow) => Promise<void>;

/** Attempts before a chore is given up: the next message, or the next start, makes a new one where it matters. */
const ATTEMPTS_MAX = 5;
/** Asked for while it is at work, it may be about what came too late for that: it is done once more. Neither asks for itself for ever. */
const ANEW: ReadonlySet<ChoreRow['kind']> = new Set(['retry', 'refresh']);
const NOTHING = new Uint8Array(0);

export class Chores {
  readonly #journal: Journal;
  readonly #do: DoChore;
  readonly #onGivenUp: (chore: ChoreRow, error: SealaneError) => Promise<void>;
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(journal: Journal, run: DoChore, onGivenUp: (chore: ChoreRow, error: SealaneError) => Promise<void>) {
    this.#journal = journal;
    this.#do = run;
    this.#onGivenUp = onGivenUp;
  }

  /** Notes a chore, once for the same thing. */
  async add(
    tx: Transaction,
    kind: ChoreRow['kind'],
    about: Partial<Pick<ChoreRow, 'group' | 'username' | 'data'>>,
  ): Promise<void> {
    const { group = NOTHING, username = '', data = NOTHING } = about;
    const rows = await tables.chores.list(tx);
    const known = rows.find(
      (row) =>
        row.kind === kind && row.username === username && toHex(row.group) === toHex(group) && row.attempts === 0,
    );
    if (known !== undefined && ANEW.has(kind)) await tables.chores.delete(tx, known.order);
    else if (known !== undefined && kind !== 'gossip') return;
    const order = await nextNumber(tx, 'order');
    await tables.chores.put(tx, { order, kind, group, username, data, attempts: 0 });
  }

  /** Does what there is, one after the other. Resolves when all was tried. */
  run(): Promise<void> {
    this.#running ??= this.#runAll().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #runAll(): Promise<void> {
    const tried = new Set<number>();
    for (;;) {
      const rows = await this.#journal.transaction((tx) => tables.chores.list(tx));
      const chore = rows.find(({ order }) => !tried.has(order));
      if (chore === undefined || this.#isClosed) return;
      tried.add(chore.order);
      await this.#runOne(chore);
    }
  }

  async #runOne(chore: ChoreRow): Promise<void> {
    try {
      await this.#do(chore);
      await this.#journal.transaction((tx) => tables.chores.delete(tx, chore.order));
    } catch (cause) {
      // What passes is no attempt.
      if (isPassing(cause)) return;
      const error = faultOf(cause);
      const attempts = chore.attempts + 1;
      const isGivenUp = attempts >= ATTEMPTS_MAX;
      await this.#journal.transaction(async (tx) => {
        // Asked for anew meanwhile: that is another one.
        if ((await tables.chores.get(tx, chore.order)) === undefined) return;
        if (isGivenUp) await tables.chores.delete(tx, chore.order);
        else await tables.chores.put(tx, { ...chore, attempts });
      });
      if (isGivenUp) await this.#onGivenUp(chore, error);
    }
  }
}
