/** What one side is willing to store and to have under way: limits of this implementation, not of the protocol. */

/** Limits of a served directory. */
export interface FileLimits {
  /** Largest file that is taken. */
  readonly fileBytesMax: number;
  /** All finished and unfinished files together. */
  readonly quotaBytes: number;
  /** Finished and unfinished files, counted. */
  readonly filesMax: number;
  /** Transfers under way, of all agents. */
  readonly transfersMax: number;
  /** Transfers under way of one agent. */
  readonly transfersPerAgentMax: number;
  /** A transfer on which nothing moves for this long is given up, so that it blocks no name. */
  readonly idleTimeoutMs: number;
  /** Unfinished files that nobody touched for this long are removed. */
  readonly partialAgeMs: number;
  /** How often they are looked for. */
  readonly expiryIntervalMs: number;
}

/** Files up to 16 GiB, 64 GiB together; unfinished ones stay 7 days. */
export const DEFAULT_FILE_LIMITS: FileLimits = {
  fileBytesMax: 16 * 2 ** 30,
  quotaBytes: 64 * 2 ** 30,
  filesMax: 10_000,
  transfersMax: 64,
  transfersPerAgentMax: 8,
  idleTimeoutMs: 300_000,
  partialAgeMs: 7 * 86_400_000,
  expiryIntervalMs: 3_600_000,
};
