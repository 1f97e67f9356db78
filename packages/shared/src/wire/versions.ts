/**
 * Wire versions and suites, and how the two sides agree on one (docs/protocols/versions.md §1 and §2).
 *
 * A version is a list of packet ids and suites. The lists are append-only; what a released version lists never changes.
 */

/** Suite ids, by what they are. */
export const SUITE = {
  /** Noise_XXhfs_25519+MLKEM768_AESGCM_SHA256. */
  hybrid: 0x01,
  /** Noise_XX_25519_AESGCM_SHA256. */
  classical: 0x02,
} as const;

/** A suite id. */
export type SuiteId = (typeof SUITE)[keyof typeof SUITE];

/** Wire versions that a side speaks, both ends included; each 1 to 255. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** One wire version. */
export interface WireVersion {
  readonly version: number;
  readonly suites: readonly SuiteId[];
  /** Packet ids that may stand in records. */
  readonly packetIds: readonly number[];
}

/** All versions that this build speaks, oldest first. */
export const WIRE_VERSIONS: readonly WireVersion[] = [
  {
    version: 1,
    suites: [SUITE.hybrid, SUITE.classical],
    packetIds: [
      0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x10, 0x11, 0x12, 0x13, 0x14, 0x20, 0x21, 0x22, 0x23,
    ],
  },
  {
    version: 2,
    suites: [SUITE.hybrid, SUITE.classical],
    packetIds: [
      0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x10, 0x11, 0x12, 0x13, 0x14, 0x20, 0x21, 0x22, 0x23, 0x30,
      0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e,
    ],
  },
  {
    version: 3,
    suites: [SUITE.hybrid, SUITE.classical],
    packetIds: [
      0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x10, 0x11, 0x12, 0x13, 0x14, 0x20, 0x21, 0x22, 0x23, 0x30,
      0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x40, 0x41, 0x42, 0x43, 0x44,
      0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57,
      0x58, 0x59, 0x5a, 0x5b, 0x5c,
    ],
  },
];

/** First version in which events travel. */
export const EVENTS_VERSION_MIN = 2;
/** First version in which messaging travels. */
export const MESSAGING_VERSION_MIN = 3;

/** Oldest and newest version of this build. */
export const VERSION_RANGE: VersionRange = { min: WIRE_VERSIONS[0]!.version, max: WIRE_VERSIONS.at(-1)!.version };

/** Name of a suite as commands and logs show it. */
export function suiteName(suite: SuiteId): string {
  return suite === SUITE.hybrid ? 'Noise_XXhfs_25519+MLKEM768_AESGCM_SHA256' : 'Noise_XX_25519_AESGCM_SHA256';
}

/** What `--suites` allows, in order of preference. */
export function suitesFor(choice: 'pq' | 'any'): readonly SuiteId[] {
  return choice === 'pq' ? [SUITE.hybrid] : [SUITE.hybrid, SUITE.classical];
}
