/** LeafJudge: whether a leaf of a group is a device that the log of its account lists; asked by the engine for every leaf. */
import { deviceWithKey, judgeDevice } from '@sealane/shared/accounts';
import type { DeviceJudge, LeafClaim, LeafStanding } from '@sealane/e2ee/mls';
import type { Directory } from './directory.ts';

/** Clocks of those who revoke may be ahead of ours by so much, in seconds. */
const CLOCK_SKEW_SECONDS = 300;

export class DirectoryJudge implements DeviceJudge {
  readonly #directory: Pick<Directory, 'stateById'>;
  readonly #now: () => number;

  /** @param now unix time, ms. */
  constructor(directory: Pick<Directory, 'stateById'>, now: () => number) {
    this.#directory = directory;
    this.#now = now;
  }

  judge({ accountId, agentId, signatureKey, at }: LeafClaim): LeafStanding {
    const state = this.#directory.stateById(accountId);
    if (state === undefined) return 'unknown';
    const atSeconds = Math.floor(at / 1_000);
    const standing = judgeDevice(state, { agentId, signingKey: signatureKey, atSeconds });
    if (standing !== 'revoked') return standing;
    // What a device did before it was revoked stays what it was.
    const device = deviceWithKey(state, { agentId, signingKey: signatureKey });
    const revokedAt = device?.revoked?.at ?? 0;
    // A time to come would leave a stolen device, which says it of itself, its rights until then.
    const isPast = revokedAt <= this.#now() / 1_000 + CLOCK_SKEW_SECONDS;
    return isPast && atSeconds < revokedAt ? 'listed' : 'revoked';
  }
}
