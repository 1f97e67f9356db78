/**
 * Admission: whether an agent that has proved its key gets in (docs/protocols/handshake.md). Knows no sockets.
 *
 *   1. A known id with its own key gets in, whatever it shows.
 *   2. A known id with another key does not, except with a token that replaces the key.
 *   3. An unknown id gets in with a token, or where the policy admits strangers.
 *   4. Whoever is banned does not get in.
 */
import { toBase64, toHex } from '@sealane/shared/bytes';
import type { Crypto } from '@sealane/shared/crypto';
import { isAgentName, verifyEnrolmentToken, type EnrolmentToken } from '@sealane/shared/documents';
import type { ErrorCode } from '@sealane/shared/errors';
import type { EnrolmentPolicy } from '../config/index.ts';
import {
  whenKnown,
  type AgentDirectory,
  type AgentStanding,
  type Enrolment,
  type MaybePromise,
} from './agent-directory.ts';
import type { EnrolledBy } from './enrolled-agent.ts';

/** Who asks to be admitted. */
export interface Applicant {
  readonly agentId: string;
  readonly instance: string;
  /** X25519 static key that the handshake proved, 32 bytes. */
  readonly agentKey: Uint8Array;
  readonly enrolmentToken: Uint8Array | null;
  readonly isLoopback: boolean;
}

/** The decision. */
export type Verdict =
  | {
      readonly admitted: true;
      /** How the agent enrolled just now; undefined for one that was known. */
      readonly enrolledBy: EnrolledBy | undefined;
      /** To be waited for before the agent is told; undefined when everything is on the disk. Rejects when it is not. */
      readonly durable: Promise<void> | undefined;
    }
  | { readonly admitted: false; readonly code: ErrorCode };

/** What decisions are made from. */
export interface AdmissionOptions {
  readonly policy: EnrolmentPolicy;
  readonly registry: AgentDirectory;
  readonly crypto: Crypto;
  /** Ed25519 keys, 32 bytes each, whose tokens count: the server's own, and those it succeeded. */
  readonly tokenKeys: () => readonly Uint8Array[];
  readonly agentsMax: number;
  /** Unix seconds. */
  readonly nowSeconds: () => number;
}

export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Decides, at once where the directory answers at once; what it grants counts from then on. */
  decide(applicant: Applicant): MaybePromise<Verdict> {
    const { agentId, instance } = applicant;
    if (!isAgentName(agentId) || !isAgentName(instance)) return refused('E_MALFORMED');
    return whenKnown(this.#options.registry.standing(agentId), (standing) => this.#judge(applicant, standing));
  }

  #judge(applicant: Applicant, { agent, isBanned, durable }: AgentStanding): MaybePromise<Verdict> {
    if (isBanned) return refused('E_BANNED');
    if (agent?.key === toBase64(applicant.agentKey)) return { admitted: true, enrolledBy: undefined, durable };
    if (this.#options.policy === 'closed') return refused(agent === undefined ? 'E_UNKNOWN_AGENT' : 'E_ID_TAKEN');
    if (applicant.enrolmentToken !== null) return this.#redeem(applicant, applicant.enrolmentToken, agent?.key);
    if (agent !== undefined) return refused('E_ID_TAKEN');
    const by = this.#admitsStranger(applicant);
    return by === undefined ? refused('E_UNKNOWN_AGENT') : this.#enrol(applicant, by, { keyBefore: undefined });
  }

  #admitsStranger({ isLoopback }: Applicant): EnrolledBy | undefined {
    const { policy } = this.#options;
    if (policy === 'open') return 'open';
    return policy === 'loopback' && isLoopback ? 'loopback' : undefined;
  }

  #redeem(applicant: Applicant, bytes: Uint8Array, keyBefore: string | undefined): MaybePromise<Verdict> {
    const { crypto, registry, tokenKeys, nowSeconds } = this.#options;
    const results = tokenKeys().map((key) => verifyEnrolmentToken(crypto, bytes, key, nowSeconds()));
    const result = results.find(({ ok }) => ok) ?? results.find((each) => !each.ok && each.code === 'E_TOKEN_EXPIRED');
    if (result === undefined) return refused('E_TOKEN_INVALID');
    if (!result.ok) return refused(result.code);
    const { token } = result;
    return whenKnown(registry.isRedeemed(toHex(token.tokenId)), (isRedeemed) => {
      if (isRedeemed) return refused('E_TOKEN_USED');
      if (token.agentId !== undefined && token.agentId !== applicant.agentId) return refused('E_TOKEN_INVALID');
      if (keyBefore !== undefined && !token.replace) return refused('E_ID_TAKEN');
      return this.#enrol(applicant, 'token', { keyBefore, token });
    });
  }

  #enrol(
    { agentId, agentKey }: Applicant,
    by: EnrolledBy,
    { keyBefore, token }: { readonly keyBefore: string | undefined; readonly token?: EnrolmentToken },
  ): MaybePromise<Verdict> {
    const { registry, nowSeconds, agentsMax } = this.#options;
    const agent = { agentId, key: toBase64(agentKey), by, at: nowSeconds() };
    const redeemed = token && { tokenId: toHex(token.tokenId), expiresAt: token.expiresAt };
    return whenKnown(registry.enrol(agent, { keyBefore, token: redeemed, agentsMax }), ({ outcome, durable }) =>
      outcome === 'enrolled' ? { admitted: true, enrolledBy: by, durable } : refused(REFUSALS[outcome]),
    );
  }
}

const REFUSALS = {
  taken: 'E_ID_TAKEN',
  'token-used': 'E_TOKEN_USED',
  full: 'E_BUSY',
} as const satisfies Record<Exclude<Enrolment['outcome'], 'enrolled'>, ErrorCode>;

function refused(code: ErrorCode): Verdict {
  return { admitted: false, code };
}
