/**
 * AgentRegistry: which key owns which agent id, and which tokens were redeemed; in memory, and durable in `agents.jsonl`.
 * Not a policy: who may enrol is decided by admission.ts.
 */
import * as z from 'zod/mini';
import { Journal } from './journal.ts';

/** How an agent was admitted first. */
export type EnrolledBy = 'loopback' | 'token' | 'open';

/** An enrolled agent. */
export interface EnrolledAgent {
  readonly agentId: string;
  /** X25519 public key, base64 without padding. */
  readonly key: string;
  readonly by: EnrolledBy;
  /** Wall clock, unix seconds. */
  readonly at: number;
}

/** A redeemed token. */
export interface RedeemedToken {
  /** Hex. */
  readonly tokenId: string;
  /** Unix seconds. */
  readonly expiresAt: number;
}

const enrolledSchema = z.strictObject({
  type: z.literal('enrolled'),
  agentId: z.string(),
  key: z.string(),
  by: z.enum(['loopback', 'token', 'open']),
  at: z.number(),
  token: z.optional(z.strictObject({ tokenId: z.string(), expiresAt: z.number() })),
});
const redeemedSchema = z.strictObject({ type: z.literal('redeemed'), tokenId: z.string(), expiresAt: z.number() });
const recordSchema = z.discriminatedUnion('type', [enrolledSchema, redeemedSchema]);

/** A redemption is remembered this much longer than the token lives, so that a clock set back revives none. */
const REDEEMED_KEPT_SECONDS = 30 * 86_400;

export class AgentRegistry {
  readonly #agents = new Map<string, EnrolledAgent>();
  readonly #redeemed = new Map<string, number>();
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
    if (records > this.#agents.size + this.#redeemed.size) this.#journal.rewrite(this.#records());
  }

  get size(): number {
    return this.#agents.size;
  }

  /** Resolves when everything that `find` and `isRedeemed` tell is on the disk; undefined when it is. */
  get pending(): Promise<void> | undefined {
    return this.#journal.pending;
  }

  find(agentId: string): EnrolledAgent | undefined {
    return this.#agents.get(agentId);
  }

  isRedeemed(tokenId: string): boolean {
    return this.#redeemed.has(tokenId);
  }

  /**
   * Binds an id to a key, and with it redeems a token. It counts at once, so that no second one gets either, and is
   * taken back where the disk refuses.
   *
   * @throws StorageError when it could not be written.
   */
  async enrol(agent: EnrolledAgent, token?: RedeemedToken): Promise<void> {
    const before = this.#agents.get(agent.agentId);
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

  async close(): Promise<void> {
    await this.#journal.close();
  }

  /** @throws RangeError for a record of another form. */
  #apply(record: unknown): void {
    const result = z.safeParse(recordSchema, record);
    if (!result.success) throw new RangeError('it is no record of this file');
    const { data } = result;
    if (data.type === 'redeemed') {
      this.#redeemed.set(data.tokenId, data.expiresAt);
      return;
    }
    const { agentId, key, by, at, token } = data;
    this.#agents.set(agentId, { agentId, key, by, at });
    if (token !== undefined) this.#redeemed.set(token.tokenId, token.expiresAt);
  }

  /** What is worth keeping, as records. */
  *#records(): Iterable<Readonly<Record<string, unknown>>> {
    for (const agent of this.#agents.values()) yield { type: 'enrolled', ...agent };
    for (const [tokenId, expiresAt] of this.#redeemed) yield { type: 'redeemed', tokenId, expiresAt };
  }
}
