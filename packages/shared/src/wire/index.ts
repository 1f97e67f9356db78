/** The wire: versions, suites and limits. */
export {
  EVENTS_VERSION_MIN,
  MESSAGING_VERSION_MIN,
  SUITE,
  VERSION_RANGE,
  WIRE_VERSIONS,
  suiteName,
  suitesFor,
} from './versions.ts';
export type { SuiteId, VersionRange, WireVersion } from './versions.ts';
export { DEFAULT_PEER_LIMITS, DEFAULT_SESSION_LIMITS } from './implementation-limits.ts';
export type { PeerLimits, SessionLimits } from './implementation-limits.ts';
