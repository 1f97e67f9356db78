/** What blobs are made with. */
import type { ServiceEnvironment } from '../devices.ts';
import type { ServiceStore } from '../store/service-store.ts';
import type { BlobFiles } from './blob-files.ts';
import type { BlobLimits } from './blob-limits.ts';

export interface BlobsOptions {
  readonly store: ServiceStore;
  readonly files: BlobFiles;
  readonly environment: ServiceEnvironment;
  readonly limits: BlobLimits;
}
