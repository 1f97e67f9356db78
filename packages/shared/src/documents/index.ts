/** Signed documents: enrolment tokens and key successions; the names they give to agents. */
export { AGENT_NAME_RULE, isAgentName } from './agent-name.ts';
export {
  TOKEN_AGENT_ID_BYTES_MAX,
  encodeEnrolmentToken,
  enrolmentTokenText,
  parseEnrolmentToken,
  verifyEnrolmentToken,
} from './enrolment-token.ts';
export type { EnrolmentToken, EnrolmentTokenResult, ParsedEnrolmentToken } from './enrolment-token.ts';
export {
  KEY_SUCCESSION_BYTES,
  SUCCESSIONS_MAX,
  decodeKeySuccession,
  encodeKeySuccession,
  followKeySuccessions,
  verifyKeySuccession,
} from './key-succession.ts';
export type { KeySuccession, SuccessionChain } from './key-succession.ts';
