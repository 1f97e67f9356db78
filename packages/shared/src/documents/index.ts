/** Signed documents: enrolment tokens and key successions; the names they give to agents; what other documents are made of. */
export { AGENT_NAME_RULE, isAgentName } from './agent-name.ts';
export { ByteReader } from './byte-reader.ts';
export { SIGNATURE_BYTES, isSignedBy, signDocument, writeSeconds } from './document.ts';
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
