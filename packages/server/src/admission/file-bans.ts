/** FileBans: the bans of one node, in `bans.jsonl` of its data directory; those of agents in its directory of agents too. */
import * as z from 'zod/mini';
import type { AgentDirectory } from './agent-directory.ts';
import { BAN_KINDS, banKey, banOf, storedBanSchema, type Ban, type BanKeeper, type BanKind } from './ban.ts';
import { Journal } from './journal.ts';

const bannedSchema = z.extend(storedBanSchema, { type: z.literal('banned') });
const liftedSchema = z.strictObject({ type: z.literal('lifted'), kind: z.enum(BAN_KINDS), name: z.string() });
const recordSchema = z.discriminatedUnion('type', [bannedSchema, liftedSchema]);

export class FileBans implements BanKeeper {
  readonly #directory: AgentDirectory;
  readonly #bans = new Map<string, Ban>();
  readonly #journal: Journal;
  /** Ends of the last change of each ban that is under way. */
  readonly #turns = new Map<string, Promise<void>>();

  /** Opens the file. @throws ConfigError `E_DATA` with path and line, StorageError when the disk refuses. */
  constructor(file: string, directory: AgentDirectory) {
    this.#directory = directory;
    let records = 0;
    this.#journal = Journal.open(file, {
      read: (record) => {
        records += 1;
        this.#apply(record);
      },
    });
    if (records > this.#bans.size) this.#journal.rewrite([...this.#bans.values()].map(recordOf));
  }

  read(): Promise<readonly Ban[]> {
    return Promise.resolve([...this.#bans.values()]);
  }

  async write(ban: Ban): Promise<void> {
    const key = banKey(ban);
    await this.#inTurn(key, async () => {
      await this.#journal.append(recordOf(ban));
      if (ban.kind === 'agent') await this.#directory.setBanned(ban.name, true);
      this.#bans.set(key, ban);
    });
  }

  async remove(kind: BanKind, name: string, only?: Ban): Promise<boolean> {
    const key = banKey({ kind, name });
    return await this.#inTurn(key, async () => {
      const found = this.#bans.get(key);
      if (only !== undefined && found?.since !== only.since) return false;
      if (kind === 'agent') await this.#directory.setBanned(name, false);
      // A ban that the directory refused is in the file alone.
      if (found !== undefined || only === undefined) await this.#journal.append({ type: 'lifted', kind, name });
      this.#bans.delete(key);
      return found !== undefined;
    });
  }

  /** Nobody else writes the file. */
  follow(): void {}

  async close(): Promise<void> {
    await Promise.all(this.#turns.values());
    await this.#journal.close();
  }

  /** Changes of one ban, one after the other: each is two records in two files. */
  async #inTurn<Result>(key: string, change: () => Promise<Result>): Promise<Result> {
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(change);
    const over = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(key, over);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(key) === over) this.#turns.delete(key);
    }
  }

  /** @throws RangeError for a record of another form. */
  #apply(record: unknown): void {
    const { success, data } = z.safeParse(recordSchema, record);
    if (!success) throw new RangeError('it is no record of this file');
    if (data.type === 'lifted') this.#bans.delete(banKey(data));
    else this.#bans.set(banKey(data), banOf(data));
  }
}

function recordOf({ kind, name, until, reason, since }: Ban): Readonly<Record<string, unknown>> {
  return { type: 'banned', kind, name, ...(until !== undefined && { until }), reason, since };
}
