/** DeviceJudge: the port from MLS to the logs of accounts. Everything depends on its judgement. */

/** That a leaf with this key belongs to this device. */
export interface LeafClaim {
  /** 32 bytes. */
  readonly accountId: Uint8Array;
  readonly agentId: string;
  /** Ed25519 public key of the leaf, 32 bytes. */
  readonly signatureKey: Uint8Array;
  /** Unix time in ms of what is judged: a device that was revoked later was listed then. */
  readonly at: number;
}

/**
 * `expired` is a warning, never a reason not to read. `unknown` also where the log of the account is not there or too
 * old: then the engine says which logs it needs, and is asked again.
 */
export type LeafStanding = 'listed' | 'expired' | 'revoked' | 'unknown';

/** Port: whether a leaf belongs to a device that the log of its account lists. */
export interface DeviceJudge {
  judge(claim: LeafClaim): LeafStanding;
}
