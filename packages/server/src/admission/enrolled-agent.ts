/** What is recorded of an agent that enrolled, and of the token that admitted it. */

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
