/**
 * Resume tokens: what lets an agent take up its session again at the next connection. Sealed under a key that only the
 * data directory holds and bound to the agent's key, so a stolen one is useless. The key exchange is always full.
 *
 *     version 0x01 (1) ‖ nonce (12) ‖ AES-256-GCM(issuedAt ms (8) ‖ sessionId (16) ‖ agentId ‖ 0x00 ‖ instance) ‖ tag (16)
 */
import { concat, equalBytes, utf8Encode } from '@sealane/shared/bytes';
import { SIZES, type Crypto, type Random } from '@sealane/shared/crypto';

/** Whose session it is. */
export interface ResumeClaim {
  readonly agentId: string;
  readonly instance: string;
  /** X25519 static key, 32 bytes. */
  readonly agentKey: Uint8Array;
}

/** A token counts for a week: longer than any clock jumps. */
const LIFETIME_MS = 7 * 86_400_000;

const VERSION = 0x01;
const ISSUED_AT_BYTES = 8;
const SESSION_ID_BYTES = 16;
const HEAD_BYTES = 1 + SIZES.aeadNonce;
const DOMAIN = utf8Encode('sealane resume token 1');

export class ResumeTokens {
  readonly #crypto: Crypto;
  readonly #random: Random;
  readonly #key: Uint8Array;

  /** @param key 32 bytes. */
  constructor(options: { readonly crypto: Crypto; readonly random: Random; readonly key: Uint8Array }) {
    this.#crypto = options.crypto;
    this.#random = options.random;
    this.#key = options.key;
  }

  /** A token for a session. @param sessionId 16 bytes. @param nowMs wall clock. */
  issue(claim: ResumeClaim, sessionId: Uint8Array, nowMs: number): Uint8Array {
    const issuedAt = new Uint8Array(ISSUED_AT_BYTES);
    new DataView(issuedAt.buffer).setFloat64(0, nowMs);
    const nonce = this.#random(SIZES.aeadNonce);
    const plaintext = concat(issuedAt, sessionId, nameOf(claim));
    const sealed = this.#crypto.aeadSeal(this.#key, nonce, concat(DOMAIN, claim.agentKey), plaintext);
    return concat(Uint8Array.of(VERSION), nonce, sealed);
  }

  /** The session that a token leads to, 16 bytes, or undefined when it is no valid token of this agent and instance. */
  redeem(token: Uint8Array, claim: ResumeClaim, nowMs: number): Uint8Array | undefined {
    if (token[0] !== VERSION || token.length <= HEAD_BYTES + SIZES.aeadTag) return undefined;
    const nonce = token.subarray(1, HEAD_BYTES);
    const associatedData = concat(DOMAIN, claim.agentKey);
    const plaintext = this.#crypto.aeadOpen(this.#key, nonce, associatedData, token.subarray(HEAD_BYTES));
    if (plaintext === undefined || plaintext.length < ISSUED_AT_BYTES + SESSION_ID_BYTES) return undefined;
    const issuedAtMs = new DataView(plaintext.buffer, plaintext.byteOffset).getFloat64(0);
    if (nowMs - issuedAtMs > LIFETIME_MS) return undefined;
    if (!equalBytes(plaintext.subarray(ISSUED_AT_BYTES + SESSION_ID_BYTES), nameOf(claim))) return undefined;
    return Uint8Array.from(plaintext.subarray(ISSUED_AT_BYTES, ISSUED_AT_BYTES + SESSION_ID_BYTES));
  }
}

function nameOf({ agentId, instance }: ResumeClaim): Uint8Array {
  return utf8Encode(`${agentId}\0${instance}`);
}
