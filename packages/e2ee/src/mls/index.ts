/** MLS: `ts-mls` with our primitives, our judgement of leaves, and decoders that do not throw. */
export { attempt } from './attempt.ts';
export type { Attempt } from './attempt.ts';
export { canonicalSignature } from './canonical-signature.ts';
export {
  CLOCK_SKEW_SECONDS,
  KEY_PACKAGE_SECONDS,
  LIFETIME_SECONDS_MAX,
  LeafJudge,
  RETENTION,
  clientConfigOf,
} from './client-config.ts';
export { decodeMessage } from './decode.ts';
export type { DeviceJudge, LeafClaim, LeafStanding } from './device-judge.ts';
export { USERNAME_EXTENSION, credentialOf, leafAt, memberOf, membersOf, usernameExtension } from './leaf.ts';
export type { Member } from './leaf.ts';
export { SUITES, suiteNameOf } from './mls-crypto.ts';
export type { MlsCrypto, SuiteName } from './mls-crypto.ts';
export { isWalkable } from './walkable-tree.ts';
export { webCrypto } from './web-crypto.ts';
