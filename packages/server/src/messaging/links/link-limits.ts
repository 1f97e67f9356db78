/** Limits of links (fault A4). */
import type { BucketSize } from '../../limits/index.ts';

export interface LinkLimits {
  /** How long a device waits under one id. */
  readonly lifeMs: number;
  /** Devices that wait at once. */
  readonly linksMax: number;
  readonly opensPerAccount: BucketSize;
  /** Ids are random; whoever tries some is not to try many. */
  readonly postsPerAccount: BucketSize;
}

export const DEFAULT_LINK_LIMITS: LinkLimits = {
  lifeMs: 600_000,
  linksMax: 10_000,
  opensPerAccount: { burst: 10, intervalMs: 30_000 },
  postsPerAccount: { burst: 10, intervalMs: 30_000 },
};
