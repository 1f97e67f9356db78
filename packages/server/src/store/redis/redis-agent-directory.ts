/**
 * RedisAgentDirectory: the directory of agents that several nodes share, and the key of their resume tokens. Every answer
 * is as durable as Redis is set to be when it comes.
 */
import { fromBase64, toBase64 } from '@sealane/shared/bytes';
import { SIZES, type Random } from '@sealane/shared/crypto';
import { ConfigError } from '@sealane/shared/errors';
import type {
  AgentDirectory,
  AgentPage,
  AgentStanding,
  EnrolledAgent,
  EnrolledBy,
  Enrolment,
  EnrolmentTerms,
} from '../../admission/index.ts';
import { REDEEMED_KEPT_SECONDS } from '../../admission/index.ts';
import type { RedisLink } from './redis-link.ts';

export class RedisAgentDirectory implements AgentDirectory {
  readonly #link: RedisLink;
  readonly #prefix: string;
  readonly #random: Random;

  constructor(link: RedisLink, options: { readonly prefix: string; readonly random: Random }) {
    this.#link = link;
    this.#prefix = options.prefix;
    this.#random = options.random;
  }

  async standing(agentId: string): Promise<AgentStanding> {
    const [value, isBanned] = (await this.#link.call('standing', [agentId])) as readonly [string, number];
    return { agent: agentOf(agentId, value), isBanned: isBanned === 1, durable: undefined };
  }

  async isRedeemed(tokenId: string): Promise<boolean> {
    return (await this.#link.command(['EXISTS', `${this.#prefix}redeemed:${tokenId}`])) === 1;
  }

  async enrol(
    { agentId, key, by, at }: EnrolledAgent,
    { keyBefore = '', token, agentsMax }: EnrolmentTerms,
  ): Promise<Enrolment> {
    const keptUntilMs = ((token?.expiresAt ?? 0) + REDEEMED_KEPT_SECONDS) * 1_000;
    const about = [agentId, `${key} ${by} ${at}`, keyBefore, String(agentsMax)];
    const outcome = await this.#link.call('enrol', [...about, token?.tokenId ?? '', String(keptUntilMs)]);
    return { outcome: outcome as Enrolment['outcome'], durable: undefined };
  }

  async setBanned(agentId: string, isBanned: boolean): Promise<void> {
    await this.#link.command([isBanned ? 'SADD' : 'SREM', `${this.#prefix}banned`, agentId]);
  }

  async forget(agentId: string): Promise<boolean> {
    return (await this.#link.call('unenrol', [agentId])) === 1;
  }

  async list({ after = '', limit }: Parameters<AgentDirectory['list']>[0]): Promise<AgentPage> {
    const found = (await this.#link.call('listEnrolled', [after, String(limit + 1)])) as readonly Row[];
    const page = found.slice(0, limit);
    const items = page.flatMap(([agentId, value, isBanned]) => {
      const agent = agentOf(agentId, value);
      return agent === undefined ? [] : { ...agent, isBanned: isBanned === 1 };
    });
    return { items, next: found.length > limit ? page.at(-1)?.[0] : undefined };
  }

  /** The key of resume tokens, 32 bytes, the same on every node; made by the first. @throws ConfigError `E_KEY_FILE`. */
  async resumeKey(): Promise<Uint8Array> {
    const name = `${this.#prefix}resume-key`;
    await this.#link.command(['SETNX', name, toBase64(this.#random(SIZES.aeadKey))]);
    const key = fromBase64(String(await this.#link.command(['GET', name])));
    if (key?.length === SIZES.aeadKey) return key;
    throw new ConfigError(
      'E_KEY_FILE',
      `The key ${name} on Redis is damaged: delete it, agents then start new sessions`,
    );
  }
}

type Row = readonly [agentId: string, value: string, isBanned: number];

/** Of `key how when`. */
function agentOf(agentId: string, value: string): EnrolledAgent | undefined {
  const [key, by, at] = value.split(' ');
  if (key === undefined || by === undefined || at === undefined) return undefined;
  return { agentId, key, by: by as EnrolledBy, at: Number(at) };
}
