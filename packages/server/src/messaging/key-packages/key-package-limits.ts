/** Limits of key packages (fault E7), in the presets of a server. */
import type { LimitPreset } from '../../config/index.ts';
import type { BucketSize } from '../../limits/index.ts';

export interface KeyPackageLimits {
  /** Key packages of one device that may wait. */
  readonly waitingPerDeviceMax: number;
  /** How long one is given away: members take none that is valid for longer (§5.2). One of last resort stays until it is replaced. */
  readonly lifeMs: number;
  /** Claims of one account, whomever it asks for. */
  readonly claimsPerAccount: BucketSize;
  /** Claims of one account for one other. */
  readonly claimsPerPair: BucketSize;
  /** Claims for one account, whoever asks: beyond that, only key packages of last resort are given away. */
  readonly claimsOfAccount: BucketSize;
}

const DEFAULT_KEY_PACKAGE_LIMITS: KeyPackageLimits = {
  waitingPerDeviceMax: 100,
  // 28 days and an hour.
  lifeMs: 2_422_800_000,
  claimsPerAccount: { burst: 2_100, intervalMs: 100 },
  claimsPerPair: { burst: 60, intervalMs: 10_000 },
  claimsOfAccount: { burst: 300, intervalMs: 10_000 },
};

/** A bucket of 6, one back after 10 minutes, for each who asks for the same account. */
const STRICT_KEY_PACKAGE_LIMITS: KeyPackageLimits = {
  ...DEFAULT_KEY_PACKAGE_LIMITS,
  claimsPerAccount: { burst: 300, intervalMs: 1_000 },
  claimsPerPair: { burst: 6, intervalMs: 600_000 },
  claimsOfAccount: { burst: 60, intervalMs: 60_000 },
};

export function keyPackageLimitsOf(preset: LimitPreset): KeyPackageLimits {
  return preset === 'strict' ? STRICT_KEY_PACKAGE_LIMITS : DEFAULT_KEY_PACKAGE_LIMITS;
}
