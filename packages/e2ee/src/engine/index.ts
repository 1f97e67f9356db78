/** The engine: groups, commits and messages of one device over its storage. */
export { E2eeEngine } from './engine.ts';
export { inspectKeyPackage } from './inspect-key-package.ts';
export type { KeyPackageClaims } from './inspect-key-package.ts';
export type { KeyPackageRequest, KeyPackagesMade } from './key-packages.ts';
export type { Sealed } from './messages.ts';
export type {
  CommitAccepted,
  CommitRequest,
  CommitTaken,
  EngineOptions,
  GroupRequest,
  GroupStatus,
  GroupView,
  LostReason,
  OpenOptions,
  Opened,
  OwnDevice,
  PendingCommit,
  Rejoined,
  RejoinGuard,
  RejoinRefusal,
  Sender,
  UnknownAccount,
  WelcomeTaken,
} from './types.ts';
