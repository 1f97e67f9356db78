/** The calls of messaging (docs/protocols/messaging.md §1): which packet asks, and which one answers. */
import type {
  AccountChange,
  BlobOpen,
  BlobPart,
  BlobRead,
  BlobWrite,
  CallFailed,
  DirectoryEntry,
  DirectoryList,
  DirectoryPage,
  DirectoryQuery,
  GroupCommit,
  GroupQuery,
  GroupSend,
  GroupState,
  KeyPackages,
  KeyPackagesClaim,
  KeyPackagesPublish,
  LinkOpen,
  LinkPost,
  LoggedIn,
  Login,
  Logout,
  PresenceSet,
  Register,
  StatementAppend,
  Stored,
  Transient,
  TransparencyHead,
  TransparencyQuery,
} from '../packets/index.ts';

/** Id of the answer to each call; Call Failed (0x5c) may come in its place. */
export const MESSAGING_CALLS = {
  0x40: 0x42,
  0x41: 0x42,
  0x43: 0x4f,
  0x44: 0x4f,
  0x45: 0x4f,
  0x46: 0x47,
  0x48: 0x49,
  0x4a: 0x4c,
  0x4b: 0x4c,
  0x4d: 0x4f,
  0x4e: 0x4f,
  0x50: 0x51,
  0x52: 0x55,
  0x53: 0x55,
  0x54: 0x55,
  0x56: 0x4f,
  0x57: 0x4f,
  0x58: 0x4f,
  0x59: 0x5a,
} as const;

/** What agents send about messaging. */
export type MessagingCall =
  | Register
  | Login
  | Logout
  | AccountChange
  | StatementAppend
  | DirectoryQuery
  | DirectoryList
  | KeyPackagesPublish
  | KeyPackagesClaim
  | GroupCommit
  | GroupSend
  | GroupQuery
  | BlobOpen
  | BlobWrite
  | BlobRead
  | PresenceSet
  | LinkOpen
  | LinkPost
  | TransparencyQuery;

/** What servers answer. */
export type MessagingAnswer =
  | LoggedIn
  | DirectoryEntry
  | DirectoryPage
  | KeyPackages
  | Stored
  | GroupState
  | BlobPart
  | TransparencyHead
  | CallFailed;

/** What servers send about messaging. */
export type ServerMessagingPacket = MessagingAnswer | Transient;

/** Id of a call. */
export type CallId = MessagingCall['id'];
/** The call of an id. */
export type CallOf<Id extends CallId> = Extract<MessagingCall, { readonly id: Id }>;
/** What a caller says: the number of the call is given to it. */
export type CallFields<Id extends CallId> = Omit<CallOf<Id>, 'id' | 'call'>;
/** The answer to a call that was done. */
export type AnswerOf<Id extends CallId> = Extract<MessagingAnswer, { readonly id: (typeof MESSAGING_CALLS)[Id] }>;
