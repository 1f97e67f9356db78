/**
 * End-to-end encryption for agents and browsers: what an application needs most, from all layers in one place. The rest is in
 * the layers themselves (`@sealane/e2ee/engine`, …); what needs Node is in `@sealane/e2ee/sqlite` and `@sealane/e2ee/crypto-node`.
 */
export { DeviceKeys, RecoveryKey, parseRecoveryText, recoveryText } from './keys/index.ts';
export type { RecoveryTextResult } from './keys/index.ts';
export {
  DirectoryChecker,
  HeadGossip,
  acceptIdentity,
  listDevice,
  makeAccount,
  maySendTo,
  newContact,
  revokeDevice,
  safetyCode,
  safetyNumber,
  scanSafetyCode,
  seeIdentity,
  unverify,
  verifyIdentity,
} from './identity/index.ts';
export type { AccountIdentity, Contact, MadeStatement, NamedDevice, ScanResult, Trust } from './identity/index.ts';
export { decodeContent, encodeContent, viewOf } from './content/index.ts';
export type { Bodies, Content, ContentKind, FileBody, KnownContent, MessageView } from './content/index.ts';
export { AttachmentOpener, AttachmentSealer, newAttachmentKey, sealedSizeOf } from './attachments/index.ts';
export type { AttachmentKey, AttachmentPlace } from './attachments/index.ts';
export {
  generateEnvelopeKeys,
  openDirectEnvelope,
  openSharedEnvelope,
  sealDirectEnvelope,
  sealSharedEnvelope,
} from './envelopes/index.ts';
export type { DirectEnvelope, EnvelopeKeyPair, SharedEnvelope } from './envelopes/index.ts';
export { MemoryStorage, SealedStorage } from './storage/index.ts';
export type { RowCipher, Storage, Transaction } from './storage/index.ts';
export { SUITES, webCrypto } from './mls/index.ts';
export type { DeviceJudge, LeafClaim, LeafStanding, MlsCrypto, SuiteName } from './mls/index.ts';
export { E2eeEngine, inspectKeyPackage } from './engine/index.ts';
export type {
  CommitAccepted,
  CommitRequest,
  CommitTaken,
  EngineOptions,
  GroupRequest,
  GroupStatus,
  GroupView,
  KeyPackageClaims,
  LostReason,
  OpenOptions,
  Opened,
  OwnDevice,
  PendingCommit,
  Rejoined,
  Sealed,
  Sender,
  WelcomeTaken,
} from './engine/index.ts';
