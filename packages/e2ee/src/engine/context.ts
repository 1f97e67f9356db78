/** What every step of the engine needs: the device, the primitives, the judge, the clock, and a cache of epochs. */
import type { Random } from '@sealane/shared/crypto';
import { LeafJudge, type DeviceJudge, type MlsCrypto } from '../mls/index.ts';
import type { EpochReader } from './epoch.ts';
import { LruCache } from './lru-cache.ts';
import type { EngineOptions, OwnDevice } from './types.ts';

/** Members of all epochs in the cache together: some 300 bytes each. */
const CACHED_MEMBERS_MAX = 8_192;

export class EngineContext {
  readonly crypto: MlsCrypto;
  readonly device: OwnDevice;
  /** Ed25519, 32 bytes. */
  readonly signingPublicKey: Uint8Array;
  readonly now: () => number;
  readonly random: Random;
  readonly readers = new LruCache<EpochReader>(CACHED_MEMBERS_MAX);
  readonly #judge: DeviceJudge;

  constructor({ crypto, device, judge, now, random }: EngineOptions) {
    this.crypto = crypto;
    this.device = device;
    this.signingPublicKey = crypto.signingPublicKey(device.signingSeed);
    this.now = now;
    this.random = random;
    this.#judge = judge;
  }

  /** A judge of leaves for one step. @param at unix time in ms of what is judged; now without it. */
  leafJudge(at = this.now()): LeafJudge {
    return new LeafJudge(this.#judge, at);
  }
}
