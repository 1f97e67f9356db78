/** Identity: statements, safety numbers, trust in contacts, and checking what the directory of a server says. */
export { RENEWAL_SECONDS, isRenewalDue, listDevice, makeAccount, revokeDevice } from './make-statements.ts';
export type { MadeStatement, NamedDevice } from './make-statements.ts';
export { safetyCode, safetyNumber, scanSafetyCode } from './safety-number.ts';
export type { AccountIdentity, ScanResult } from './safety-number.ts';
export {
  acceptIdentity,
  expectSendable,
  isSameIdentity,
  maySendTo,
  newContact,
  seeIdentity,
  unverify,
  verifyIdentity,
} from './contact.ts';
export type { Contact, Trust } from './contact.ts';
export { DirectoryChecker, isSigningKeyOf } from './directory-checker.ts';
export type { CheckedEntry, DirectoryCheckerOptions, EntryAnswer, HeadAnswer } from './directory-checker.ts';
export { GOSSIP_WAITING_MAX, HeadGossip } from './head-gossip.ts';
export type { Heard } from './head-gossip.ts';
export { strangeStatements } from './own-entry.ts';
export type { StrangeStatement } from './own-entry.ts';
