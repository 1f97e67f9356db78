/** Limits of blobs, in the presets of a server (docs/protocols/messaging.md §9). */
import type { LimitPreset } from '../../config/index.ts';

export interface BlobLimits {
  /** Bytes of all blobs of one account, whole or not. */
  readonly accountBytesMax: number;
  /** Blobs of one account, however small: each is a file and a row. */
  readonly accountBlobsMax: number;
  /** Bytes of all blobs. */
  readonly totalBytesMax: number;
  /** Disk space that is left free. */
  readonly freeBytesMin: number;
  /** How long a blob is kept, and the longest that it may ask for. */
  readonly lifeMs: number;
  /** How long a blob may take to become whole. */
  readonly uploadMs: number;
  readonly fullRetryMs: number;
}

const GIB = 1_073_741_824;
const DAY_MS = 86_400_000;

const DEFAULT_BLOB_LIMITS: BlobLimits = {
  accountBytesMax: 10 * GIB,
  accountBlobsMax: 100_000,
  totalBytesMax: 1_024 * GIB,
  freeBytesMin: GIB / 4,
  lifeMs: 30 * DAY_MS,
  uploadMs: 2 * DAY_MS,
  fullRetryMs: 60_000,
};

const STRICT_BLOB_LIMITS: BlobLimits = {
  ...DEFAULT_BLOB_LIMITS,
  accountBytesMax: GIB,
  accountBlobsMax: 10_000,
  totalBytesMax: 100 * GIB,
};

export function blobLimitsOf(preset: LimitPreset): BlobLimits {
  return preset === 'strict' ? STRICT_BLOB_LIMITS : DEFAULT_BLOB_LIMITS;
}
