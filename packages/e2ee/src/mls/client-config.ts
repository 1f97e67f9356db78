/** How `ts-mls` behaves here: what it keeps, how it pads, and that no leaf goes unjudged. */
import { equalBytes } from '@sealane/shared/bytes';
import { type ClientConfig, type Credential, type KeyPackage } from 'ts-mls';
import { type DeviceJudge, type LeafStanding } from './device-judge.ts';
import { deviceOfCredential, type Member } from './leaf.ts';

/**
 * Keys of skipped messages that are kept, for each sender and epoch: what is not stored overtakes what waits in a queue, and
 * must not cost it its keys.
 */
const SKIPPED_KEYS_MAX = 1_024;
/** A message further ahead than this in one epoch of a sender is refused: each step costs a hash. */
const SKIP_MAX = 1_024;

/** Message keys that are kept, and steps ahead that are taken, in one epoch of a sender: 1,024 each. */
export const RETENTION: ClientConfig['keyRetentionConfig'] = {
  retainKeysForGenerations: SKIPPED_KEYS_MAX,
  // Old epochs are rows of their own here; what `ts-mls` would keep is never used.
  retainKeysForEpochs: 4,
  maximumForwardRatchetSteps: SKIP_MAX,
};

/** Clocks of others may be behind: key packages are valid from so long ago on. */
export const CLOCK_SKEW_SECONDS = 3_600;
/** How long a key package is valid from now on. */
export const KEY_PACKAGE_SECONDS = 28 * 86_400;
/** Longest total life of a key package (RFC 9420 §7.2). */
export const LIFETIME_SECONDS_MAX = BigInt(KEY_PACKAGE_SECONDS + CLOCK_SKEW_SECONDS);

/** Judges leaves at one moment, and remembers who was unknown. */
export class LeafJudge {
  readonly #judge: DeviceJudge;
  readonly #at: number;
  #isAnyUnknown = false;

  /** @param at unix time in ms of what is judged. */
  constructor(judge: DeviceJudge, at: number) {
    this.#judge = judge;
    this.#at = at;
  }

  /** Whether a leaf was seen whose account or device is not known: then nothing that came of it may stay. */
  get isAnyUnknown(): boolean {
    return this.#isAnyUnknown;
  }

  standingOf({ accountId, agentId, signatureKey }: Omit<Member, 'username' | 'leafIndex'>): LeafStanding {
    const standing = this.#judge.judge({ accountId, agentId, signatureKey, at: this.#at });
    if (standing === 'unknown') this.#isAnyUnknown = true;
    return standing;
  }

  /**
   * For `ts-mls`: unknown leaves pass, so that the group tells who they are; whoever calls then asks `isAnyUnknown`.
   * Revoked ones pass too, since they are in the tree until somebody removes them; adding them is refused elsewhere.
   */
  readonly service: ClientConfig['authService'] = {
    validateCredential: (credential: Credential, signatureKey: Uint8Array) => {
      const device = deviceOfCredential(credential);
      if (device !== undefined) this.standingOf({ ...device, signatureKey });
      return Promise.resolve(device !== undefined);
    },
  };
}

/**
 * What `ts-mls` is told at each call: `judge` sees every credential, two leaves of one account and agent id are one
 * device, key packages live 28 days and an hour at most, messages of the handshake are padded to 256 bytes.
 */
export function clientConfigOf(judge: LeafJudge): ClientConfig {
  return {
    keyRetentionConfig: RETENTION,
    lifetimeConfig: { maximumTotalLifetime: LIFETIME_SECONDS_MAX, validateLifetimeOnReceive: false },
    keyPackageEqualityConfig: {
      compareKeyPackages: (left: KeyPackage, right: KeyPackage) =>
        isSameDevice(left.leafNode.credential, right.leafNode.credential),
      compareKeyPackageToLeafNode: (keyPackage, leaf) => isSameDevice(keyPackage.leafNode.credential, leaf.credential),
    },
    paddingConfig: { kind: 'padUntilLength', padUntilLength: 256 },
    authService: judge.service,
  };
}

function isSameDevice(left: Credential, right: Credential): boolean {
  const [first, second] = [left, right].map(deviceOfCredential);
  if (first === undefined || second === undefined) return false;
  return first.agentId === second.agentId && equalBytes(first.accountId, second.accountId);
}
