/** LeafJudge: whether a leaf of a group is a device that the log of its account lists; asked by the engine for every leaf. */
import { deviceWithKey, judgeDevice } from '@sealane/shared/accounts';
import type { DeviceJudge, LeafClaim, LeafStanding } from '@sealane/e2ee/mls';
import type { Directory } from './directory.ts';

export class DirectoryJudge implements DeviceJudge {
  readonly #directory: Pick<Directory, 'stateById'>;

  constructor(directory: Pick<Directory, 'stateById'>) {
    this.#directory = directory;
  }

  judge({ accountId, agentId, signatureKey, at }: LeafClaim): LeafStanding {
    const state = this.#directory.stateById(accountId);
    if (state === undefined) return 'unknown';
    const atSeconds = Math.floor(at / 1_000);
    const standing = judgeDevice(state, { agentId, signingKey: signatureKey, atSeconds });
    if (standing !== 'revoked') return standing;
    // What a device did before it was revoked stays what it was.
    const device = deviceWithKey(state, { agentId, signingKey: signatureKey });
    return device?.revoked !== undefined && atSeconds < device.revoked.at ? 'listed' : 'revoked';
  }
}
