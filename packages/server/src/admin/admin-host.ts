/** AdminHost: the program that an admin port belongs to. */
import type { Logger } from '@sealane/node/log';
import type { AuditRecorder } from '../audit/index.ts';
import type { Server } from '../server/index.ts';

/** What the admin port works for: a server, its data directory, and what only the program around it can do. */
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
