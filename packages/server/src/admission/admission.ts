/**
 * Admission: whether an agent that has proved its key gets in (docs/protocols/handshake.md). Knows no sockets.
 *
 *   1. A known id with its own key gets in, whatever it shows.
 *   2. A known id with another key does not, except with a token that replaces the key.
 *   3. An unknown id gets in with a token, or where the policy admits strangers.
 */
import { toBase64, toHex } from '@sealane/shared/bytes';
import type { Crypto } from '@sealane/shared/crypto';
import { isAgentName, verifyEnrolmentToken, type EnrolmentToken } from '@sealane/shared/documents';
import { StorageError, type ErrorCode } from '@sealane/shared/errors';
import type { EnrolmentPolicy } from '../config/index.ts';
import type { AgentRegistry, EnrolledBy } from './agent-registry.ts';

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
  readonly registry: AgentRegistry;
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

  /** Decides at once; what it grants counts from now on. */
  decide(applicant: Applicant): Verdict {
    const { registry } = this.#options;
    const { agentId, instance, agentKey } = applicant;
    if (!isAgentName(agentId) || !isAgentName(instance)) return refused('E_MALFORMED');
    const known = registry.find(agentId);
    const key = toBase64(agentKey);
    if (known?.key === key) return { admitted: true, enrolledBy: undefined, durable: this.#untilDurable(agentId, key) };
    if (known === undefined && registry.size >= this.#options.agentsMax) return refused('E_BUSY');
    if (this.#options.policy === 'closed') return refused(known === undefined ? 'E_UNKNOWN_AGENT' : 'E_ID_TAKEN');
    if (applicant.enrolmentToken !== null)
      return this.#redeem(applicant, applicant.enrolmentToken, known !== undefined);
    if (known !== undefined) return refused('E_ID_TAKEN');
    const by = this.#admitsStranger(applicant);
    return by === undefined ? refused('E_UNKNOWN_AGENT') : this.#enrol(applicant, by);
  }

  /** What is known may have been learnt a moment ago, and be taken back when the disk refuses it. */
  #untilDurable(agentId: string, key: string): Promise<void> | undefined {
    const { registry } = this.#options;
    return registry.pending?.then(() => {
      if (registry.find(agentId)?.key !== key) throw new StorageError('E_STORAGE');
    });
  }

  #admitsStranger({ isLoopback }: Applicant): EnrolledBy | undefined {
    const { policy } = this.#options;
    if (policy === 'open') return 'open';
    return policy === 'loopback' && isLoopback ? 'loopback' : undefined;
  }

  #redeem(applicant: Applicant, bytes: Uint8Array, isTaken: boolean): Verdict {
    const { crypto, registry, tokenKeys, nowSeconds } = this.#options;
    const results = tokenKeys().map((key) => verifyEnrolmentToken(crypto, bytes, key, nowSeconds()));
    const result = results.find(({ ok }) => ok) ?? results.find((each) => !each.ok && each.code === 'E_TOKEN_EXPIRED');
    if (result === undefined) return refused('E_TOKEN_INVALID');
    if (!result.ok) return refused(result.code);
    const { token } = result;
    if (registry.isRedeemed(toHex(token.tokenId))) return refused('E_TOKEN_USED');
    if (token.agentId !== undefined && token.agentId !== applicant.agentId) return refused('E_TOKEN_INVALID');
    if (isTaken && !token.replace) return refused('E_ID_TAKEN');
    return this.#enrol(applicant, 'token', token);
  }

  #enrol({ agentId, agentKey }: Applicant, by: EnrolledBy, token?: EnrolmentToken): Verdict {
    const { registry, nowSeconds } = this.#options;
    const agent = { agentId, key: toBase64(agentKey), by, at: nowSeconds() };
    const redeemed = token && { tokenId: toHex(token.tokenId), expiresAt: token.expiresAt };
    return { admitted: true, enrolledBy: by, durable: registry.enrol(agent, redeemed) };
  }
}

function refused(code: ErrorCode): Verdict {
  return { admitted: false, code };
}
