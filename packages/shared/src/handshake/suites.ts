/**
 * What a suite means for the handshake, and the ids of the handshake packets of wire version 1 (docs/protocols/handshake.md §2).
 */
import { SUITE, type SuiteId } from '../wire/index.ts';
import type { PatternName } from './noise/patterns.ts';

const SUITE_PATTERNS: Readonly<Record<SuiteId, PatternName>> = { [SUITE.hybrid]: 'XXhfs', [SUITE.classical]: 'XX' };

/** Noise pattern of a suite. */
export function suitePattern(suite: SuiteId): PatternName {
  return SUITE_PATTERNS[suite];
}

/** Whether an ML-KEM-768 exchange is part of the suite. */
export function suiteHasKem(suite: SuiteId): boolean {
  return suite === SUITE.hybrid;
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
