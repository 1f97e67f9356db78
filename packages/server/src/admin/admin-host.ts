/** What the admin port works for. */
import type { Logger } from '@sealane/node/log';
import type { AuditRecorder } from '../audit/index.ts';
import type { Server } from '../server/index.ts';

export interface AdminHost {
  readonly server: Server;
  readonly dataDirectory: string;
  readonly audit: AuditRecorder;
  readonly log: Logger;
  /** Wall clock ms, for display. */
  readonly wallClock: () => number;
  /** Copies the data directory into a new one. @throws ConfigError, StorageError. */
  readonly backup: (path: string) => Promise<void>;
  /** Ends the server in an orderly way. */
  readonly beginDrain: () => void;
}
