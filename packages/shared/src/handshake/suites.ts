/**
 * The cipher suites and the ids of the handshake packets of wire version 1 (docs/protocols/handshake.md §2).
 * Both lists are append-only: an id keeps its meaning for ever.
 */
import type { PatternName } from './noise/patterns.ts';

/** Suite ids as they travel. */
export const SUITE = {
  /** `Noise_XXhfs_25519+MLKEM768_AESGCM_SHA256`, the default. */
  hybrid: 0x01,
  /** `Noise_XX_25519_AESGCM_SHA256`, only where the operator allows a classical peer. */
  classical: 0x02,
} as const;

export type SuiteId = (typeof SUITE)[keyof typeof SUITE];

const SUITE_PATTERNS: Readonly<Record<SuiteId, PatternName>> = { [SUITE.hybrid]: 'XXhfs', [SUITE.classical]: 'XX' };

/** Noise pattern of a suite. */
export function suitePattern(suite: SuiteId): PatternName {
  return SUITE_PATTERNS[suite];
}

/** Whether an ML-KEM-768 exchange is part of the suite. */
export function suiteHasKem(suite: SuiteId): boolean {
  return suite === SUITE.hybrid;
}

/** Wire versions that a side speaks, both ends included. */
export interface VersionRange {
  /** 1 to 255. */
  readonly min: number;
  readonly max: number;
}

/** What the server chose. */
export interface Chosen {
  readonly version: number;
  readonly suite: SuiteId;
}

/** First byte of the bodies that travel in clear. */
export const HANDSHAKE_PACKET = {
  encryptionRequest: 0x01,
  encryptionResponse: 0x02,
  encryptionFinish: 0x03,
  rejected: 0x04,
} as const;
