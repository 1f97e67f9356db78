/**
 * AgentRegistry: the directory of agents of one node: in memory, and durable in `agents.jsonl`. Its answers come at once.
 */
import * as z from 'zod/mini';
import { StorageError } from '@sealane/shared/errors';
import type { AgentDirectory, AgentPage, AgentStanding, Enrolment, EnrolmentTerms } from './agent-directory.ts';
import type { EnrolledAgent, RedeemedToken } from './enrolled-agent.ts';
import { Journal } from './journal.ts';

const enrolledSchema = z.strictObject({
  type: z.literal('enrolled'),
  agentId: z.string(),
  key: z.string(),
  by: z.enum(['loopback', 'token', 'open']),
  at: z.number(),
  token: z.optional(z.strictObject({ tokenId: z.string(), expiresAt: z.number() })),
});
const redeemedSchema = z.strictObject({ type: z.literal('redeemed'), tokenId: z.string(), expiresAt: z.number() });
const bannedSchema = z.strictObject({ type: z.literal('banned'), agentId: z.string(), isBanned: z.boolean() });
const forgottenSchema = z.strictObject({ type: z.literal('forgotten'), agentId: z.string() });
const recordSchema = z.discriminatedUnion('type', [enrolledSchema, redeemedSchema, bannedSchema, forgottenSchema]);

/** A redemption is remembered this much longer than the token lives, so that a clock set back revives none. */
export const REDEEMED_KEPT_SECONDS = 30 * 86_400;

export class AgentRegistry implements AgentDirectory {
  readonly #agents = new Map<string, EnrolledAgent>();
  readonly #redeemed = new Map<string, number>();
  readonly #banned = new Set<string>();
  readonly #journal: Journal;

  /** @throws ConfigError `E_DATA` with path and line, StorageError when the disk refuses. */
  constructor(file: string, options: { readonly nowSeconds: number }) {
    let records = 0;
    this.#journal = Journal.open(file, {
      read: (record) => {
        records += 1;
        this.#apply(record);
      },
    });
    for (const [tokenId, expiresAt] of this.#redeemed) {
      if (expiresAt + REDEEMED_KEPT_SECONDS < options.nowSeconds) this.#redeemed.delete(tokenId);
    }
    if (records > this.#agents.size + this.#redeemed.size + this.#banned.size) this.#journal.rewrite(this.#records());
  }

  get size(): number {
    return this.#agents.size;
  }

  find(agentId: string): EnrolledAgent | undefined {
    return this.#agents.get(agentId);
  }

  /** What is known may have been learnt a moment ago, and be taken back when the disk refuses it. */
  standing(agentId: string): AgentStanding {
    const agent = this.#agents.get(agentId);
    const durable = this.#journal.pending?.then(() => {
      if (agent !== undefined && this.#agents.get(agentId)?.key !== agent.key) throw new StorageError('E_STORAGE');
    });
    // Whoever asks need not wait for it.
    durable?.catch(() => undefined);
    return { agent, isBanned: this.#banned.has(agentId), durable };
  }

  isRedeemed(tokenId: string): boolean {
    return this.#redeemed.has(tokenId);
  }

  /** It counts at once, so that no second one gets id or token, and is taken back where the disk refuses. */
  enrol(agent: EnrolledAgent, { keyBefore, token, agentsMax }: EnrolmentTerms): Enrolment {
    const before = this.#agents.get(agent.agentId);
    if (before?.key !== keyBefore) return { outcome: 'taken', durable: undefined };
    if (token !== undefined && this.#redeemed.has(token.tokenId)) return { outcome: 'token-used', durable: undefined };
    if (before === undefined && this.#agents.size >= agentsMax) return { outcome: 'full', durable: undefined };
    return { outcome: 'enrolled', durable: this.#store(agent, before, token) };
  }

  /** What ended counts as ended at once, also where the disk is slow or refuses; a ban counts when it is durable. */
  async setBanned(agentId: string, isBanned: boolean): Promise<void> {
    if (!isBanned) this.#ban(agentId, false);
    await this.#journal.append({ type: 'banned', agentId, isBanned });
    this.#ban(agentId, isBanned);
  }

  async forget(agentId: string): Promise<boolean> {
    if (!this.#agents.has(agentId)) return false;
    await this.#journal.append({ type: 'forgotten', agentId });
    this.#agents.delete(agentId);
    return true;
  }

  list({ after, limit }: { readonly after: string | undefined; readonly limit: number }): Promise<AgentPage> {
    const ids = [...this.#agents.keys()].filter((id) => after === undefined || id > after).sort();
    const page = ids.slice(0, limit);
    const items = page.flatMap((id) => {
      const agent = this.#agents.get(id);
      return agent === undefined ? [] : { ...agent, isBanned: this.#banned.has(id) };
    });
    return Promise.resolve({ items, next: ids.length > limit ? page.at(-1) : undefined });
  }

  async close(): Promise<void> {
    await this.#journal.close();
  }

  /** @throws StorageError when it could not be written. */
  async #store(
    agent: EnrolledAgent,
    before: EnrolledAgent | undefined,
    token: RedeemedToken | undefined,
  ): Promise<void> {
    this.#agents.set(agent.agentId, agent);
    if (token !== undefined) this.#redeemed.set(token.tokenId, token.expiresAt);
    try {
      await this.#journal.append({ type: 'enrolled', ...agent, ...(token && { token }) });
    } catch (error) {
      if (before === undefined) this.#agents.delete(agent.agentId);
      else this.#agents.set(agent.agentId, before);
      if (token !== undefined) this.#redeemed.delete(token.tokenId);
      throw error;
    }
  }

  #ban(agentId: string, isBanned: boolean): void {
    if (isBanned) this.#banned.add(agentId);
    else this.#banned.delete(agentId);
  }

  /** @throws RangeError for a record of another form. */
  #apply(record: unknown): void {
    const result = z.safeParse(recordSchema, record);
    if (!result.success) throw new RangeError('it is no record of this file');
    const { data } = result;
    switch (data.type) {
      case 'redeemed':
        this.#redeemed.set(data.tokenId, data.expiresAt);
        break;
      case 'banned':
        this.#ban(data.agentId, data.isBanned);
        break;
      case 'forgotten':
        this.#agents.delete(data.agentId);
        break;
      case 'enrolled': {
        const { agentId, key, by, at, token } = data;
        this.#agents.set(agentId, { agentId, key, by, at });
        if (token !== undefined) this.#redeemed.set(token.tokenId, token.expiresAt);
      }
    }
  }

  /** What is worth keeping, as records. */
  *#records(): Iterable<Readonly<Record<string, unknown>>> {
    for (const agent of this.#agents.values()) yield { type: 'enrolled', ...agent };
    for (const [tokenId, expiresAt] of this.#redeemed) yield { type: 'redeemed', tokenId, expiresAt };
    for (const agentId of this.#banned) yield { type: 'banned', agentId, isBanned: true };
  }
}
