/** Limits of groups and messages, in the presets of a server (rows G1 and G2). */
import { COMMITS_PER_PACKET_MAX, DEVICES_PER_GROUP_MAX, EPOCHS_BEHIND_MAX } from '@sealane/shared/packets';
import type { LimitPreset } from '../../config/index.ts';
import type { BucketSize } from '../../limits/index.ts';

export interface GroupLimits {
  readonly devicesPerGroupMax: number;
  /** Groups that one account has made and that are there. */
  readonly groupsPerAccountMax: number;
  /** Messages of one account. */
  readonly messages: BucketSize;
  /** How long one that comes too soon is held, and its connection not read, before the next are refused. */
  readonly messagePauseMs: number;
  /** Messages of one account that are not stored. */
  readonly transients: BucketSize;
  /** Commits of one account. */
  readonly commits: BucketSize;
  /** Epochs before the present one in which messages may still be sealed. */
  readonly epochsBehindMax: number;
  /** Commits of one group that are kept, and for how long. */
  readonly commitsKeptMax: number;
  readonly commitsKeptMs: number;
  /** Commits of one answer, and the bytes of their bodies. */
  readonly commitsPerAnswerMax: number;
  readonly commitBytesPerAnswerMax: number;
  /** How long items wait for a device, and the longest that a sender may ask for. */
  readonly retentionMs: number;
  /** Items that wait to be published: beyond that, writes are refused with this time to come back. */
  readonly pendingMax: number;
  readonly busyRetryMs: number;
}

const DAY_MS = 86_400_000;

const DEFAULT_GROUP_LIMITS: GroupLimits = {
  devicesPerGroupMax: DEVICES_PER_GROUP_MAX,
  groupsPerAccountMax: 10_000,
  messages: { burst: 2_000, intervalMs: 5 },
  messagePauseMs: 2_000,
  transients: { burst: 100, intervalMs: 50 },
  commits: { burst: 500, intervalMs: 50 },
  epochsBehindMax: EPOCHS_BEHIND_MAX,
  commitsKeptMax: 1_024,
  commitsKeptMs: 30 * DAY_MS,
  commitsPerAnswerMax: COMMITS_PER_PACKET_MAX,
  commitBytesPerAnswerMax: 65_536,
  retentionMs: 30 * DAY_MS,
  pendingMax: 4_096,
  busyRetryMs: 1_000,
};

/** G1: 50 messages a minute, of which 50 may come at once. */
const STRICT_GROUP_LIMITS: GroupLimits = {
  ...DEFAULT_GROUP_LIMITS,
  groupsPerAccountMax: 1_000,
  messages: { burst: 50, intervalMs: 1_200 },
  transients: { burst: 20, intervalMs: 1_000 },
  commits: { burst: 50, intervalMs: 1_200 },
};

export function groupLimitsOf(preset: LimitPreset): GroupLimits {
  return preset === 'strict' ? STRICT_GROUP_LIMITS : DEFAULT_GROUP_LIMITS;
}
