/** What the engine takes and gives, in the words of its callers. */
import type { Random } from '@sealane/shared/crypto';
import type { DeviceJudge, Member, MlsCrypto, SuiteName } from '../mls/index.ts';
import type { Storage } from '../storage/index.ts';

/** The device that the engine runs for. */
export interface OwnDevice {
  /** 32 bytes. */
  readonly accountId: Uint8Array;
  readonly username: string;
  readonly agentId: string;
  /** Ed25519 seed, 32 bytes; its public key is the one that the account's log lists. */
  readonly signingSeed: Uint8Array;
}

/** What an engine runs on. */
export interface EngineOptions {
  readonly storage: Storage;
  readonly crypto: MlsCrypto;
  readonly device: OwnDevice;
  /** Mandatory: without a judgement anybody could be anybody. */
  readonly judge: DeviceJudge;
  /** Unix time, ms. */
  readonly now: () => number;
  readonly random: Random;
}

/** A device by its account. */
export interface Sender {
  readonly accountId: Uint8Array;
  readonly agentId: string;
}

/** An account whose log the judge does not have, or not far enough. */
export interface UnknownAccount {
  readonly accountId: Uint8Array;
  readonly username: string;
}

/** Every ciphertext ends in one of these states. */
export type Opened =
  | {
      readonly state: 'decrypted';
      readonly sender: Sender;
      readonly plaintext: Uint8Array;
      readonly epoch: number;
      /** Of the epoch, 16 bytes. */
      readonly authenticator: Uint8Array;
    }
  /** To be kept by the caller, and opened again after the commits before it. */
  | { readonly state: 'waiting'; readonly reason: 'epoch-ahead' }
  /**
   * `fork`: it seems to come of another state of the present epoch. Nobody has proved that; until `rejoin` has asked what
   * the group is, nothing is sealed.
   */
  | { readonly state: 'healing'; readonly reason: 'fork' | 'no-state' }
  | { readonly state: 'lost'; readonly reason: LostReason };

/** What is known of a message besides its bytes. */
export interface OpenOptions {
  /**
   * In which it is sealed, as the server says: it has counted the epochs, so that no member makes others wait for one that
   * never comes.
   */
  readonly epoch?: number;
  /** It is not stored, and proves nothing: one that seems to come of another state is forged. */
  readonly isTransient?: boolean;
}

/**
 * Why a message is never opened here. `removed`: this device had left the group. `epoch-gone`: the keys of its epoch
 * are not kept any more. `replayed`: its own key was used or dropped. `forged`: no member sealed it. `malformed`: it is
 * no message, or not of the epoch that the server names. `too-far-ahead`: more than 1,024 messages after those opened
 * of its sender.
 */
export type LostReason =
  | 'removed'
  | 'epoch-gone'
  | 'replayed'
  | 'forged'
  | 'malformed'
  | 'too-far-ahead'
  /** It bears the leaf of this device: its own message, or one of a copy of this device. */
  | 'own';

/** What taking a commit came to: `applied` leads into the next epoch, `removed` out of the group. */
export type CommitTaken =
  | {
      readonly state: 'applied';
      readonly epoch: number;
      /** Of the new epoch, 16 bytes: goes into the acknowledgement. */
      readonly authenticator: Uint8Array;
      readonly added: readonly Sender[];
      readonly removed: readonly Sender[];
      readonly committer: Sender;
      /** Whether it was the one of this device. */
      readonly isOwn: boolean;
      /** An own commit for the same epoch that lost: to be done again. */
      readonly lostCommit?: Uint8Array;
    }
  | { readonly state: 'removed'; readonly committer: Sender | undefined }
  /** Of an epoch that has passed. */
  | { readonly state: 'stale' }
  /** Of a later epoch: commits between are missing. */
  | { readonly state: 'ahead' }
  /** The logs of these accounts are needed first; then the same call again. */
  | { readonly state: 'unverified'; readonly accounts: readonly UnknownAccount[] }
  | { readonly state: 'healing'; readonly reason: 'no-state' }
  /**
   * It is not valid here: nothing has changed, the epoch goes on. Only when the server says that the group went on by it,
   * this device cannot follow, and joins again.
   */
  | { readonly state: 'refused'; readonly reason: string };

/**
 * What taking a Welcome came to. `unverified`: the logs of these accounts are needed first; then the same call again.
 * `lost` is for good.
 */
export type WelcomeTaken =
  | {
      readonly state: 'joined';
      readonly group: Uint8Array;
      readonly epoch: number;
      readonly members: readonly Member[];
      readonly addedBy: Sender;
    }
  | { readonly state: 'unverified'; readonly accounts: readonly UnknownAccount[] }
  | { readonly state: 'lost'; readonly reason: 'no-key-package' | 'replayed' | 'malformed' | 'refused' };

/** What a commit hands to the server. It is kept, state and all, until the server has answered. */
export interface PendingCommit {
  readonly group: Uint8Array;
  /** The epoch that it ends. */
  readonly epoch: number;
  readonly messageId: Uint8Array;
  readonly commit: Uint8Array;
  readonly welcome?: Uint8Array;
  readonly groupInfo: Uint8Array;
  /** Agent ids of devices that get the Welcome. */
  readonly added: readonly string[];
  /** Agent ids of devices that get this commit and nothing after it. */
  readonly removed: readonly string[];
  readonly isExternal: boolean;
}

/** What an own commit came to. */
export interface CommitAccepted {
  readonly epoch: number;
  /** Of the new epoch, 16 bytes: goes into the acknowledgement. */
  readonly authenticator: Uint8Array;
}

/** What a commit is to change; with neither field it renews the own keys. */
export interface CommitRequest {
  /** Key packages of devices to add. */
  readonly add?: readonly Uint8Array[];
  /** Devices to remove; without agent id all of an account. */
  readonly remove?: readonly { readonly accountId: Uint8Array; readonly agentId?: string }[];
}

/** A group to make; of the hybrid suite where none is named. Suite and kind stay for its whole life. */
export interface GroupRequest {
  /** Random id, 16 bytes. */
  readonly group: Uint8Array;
  readonly suite?: SuiteName;
  /** Key packages of the other devices. */
  readonly keyPackages: readonly Uint8Array[];
  /** A chat of two accounts, to which no third can be added. */
  readonly isDirect?: boolean;
}

/**
 * `creating` until the server took the first commit; `healing` when the group and this device may have parted: `rejoin`
 * finds out, and leads back; so does the next commit that this device can follow.
 */
export type GroupStatus = 'creating' | 'active' | 'healing' | 'removed';

/** A group as it stands at this device. */
export interface GroupView {
  readonly group: Uint8Array;
  readonly epoch: number;
  readonly suite: SuiteName;
  readonly status: GroupStatus;
  readonly isDirect: boolean;
  /** Of the epoch, 16 bytes; equal for all who are in the same state. */
  readonly authenticator: Uint8Array;
}

/** What has to hold before this device joins again by what the server says. */
export interface RejoinGuard {
  /** Whether the signer of the GroupInfo is somebody whom the user has verified, or another own device. */
  isTrusted(signer: Sender): boolean;
  /** The user was asked and wants it, whoever signed it, whatever its epoch, and whoever came back. */
  readonly isForced?: boolean;
}

/**
 * Why this device does not join again. `malformed`: the GroupInfo does not hold. `not-a-member`: the account is not in
 * the group, or this device was removed. `untrusted-signer`: the guard does not trust it, or its device is revoked.
 * `older-epoch`: than the one that is here. `returned-member`: one whom this device saw removed is back.
 */
export type RejoinRefusal =
  | 'malformed'
  | 'not-a-member'
  | 'untrusted-signer'
  | 'older-epoch'
  | 'returned-member'
  /** It became a chat of another number of accounts, or has another suite. */
  | 'other-kind';

/**
 * What `rejoin` came to. `pending`: the commit is sent as any other. `unverified`: the logs of these accounts are
 * needed first; then the same call again.
 */
export type Rejoined =
  /** The group is in the very state that this device has: what did not fit was made up, and sealing goes on. */
  | { readonly state: 'intact' }
  | { readonly state: 'pending'; readonly commit: PendingCommit }
  | { readonly state: 'unverified'; readonly accounts: readonly UnknownAccount[] }
  | { readonly state: 'refused'; readonly reason: RejoinRefusal };
