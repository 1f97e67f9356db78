/** Messaging as a server makes it: its files in the data directory, its keys, and its log. */
import { join } from 'node:path';
import { openPrivateDirectory } from '@sealane/node/keys';
import type { Logger } from '@sealane/node/log';
import { monotonicNow, systemRandom } from '@sealane/node/transport';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import type { EnrolmentPolicy, LimitPreset } from '../config/index.ts';
import { steadyClock, type Delivery } from '../delivery/index.ts';
import {
  DiskBlobFiles,
  MemoryBlobFiles,
  MemoryMessagingStore,
  Messaging,
  SqliteMessagingStore,
  type RegistrationPolicy,
} from '../messaging/index.ts';
import { tokenKeysOf } from './create-connections.ts';
import type { ServerIdentity } from './data-directory.ts';
import { systemEnvironment } from './server-delivery.ts';

export interface ServerMessagingOptions {
  readonly delivery: Delivery;
  readonly dataDirectory: string;
  /** As in `ServerOptions`. */
  readonly store: string | undefined;
  readonly enrolment: EnrolmentPolicy;
  readonly registration: Exclude<RegistrationPolicy, 'loopback'> | undefined;
  readonly preset: LimitPreset;
  readonly identity: () => ServerIdentity;
  readonly wallClock: () => number;
  readonly log: Logger;
  readonly onRevoked: (agentId: string) => void;
  /** Its file cannot be opened, or is broken: nothing is written any more. */
  readonly onFailed: (error: Error) => void;
  readonly onNote: (action: string, fields: Readonly<Record<string, string | number>>) => void;
}

/** Blobs of a server that keeps nothing. */
const MEMORY_BLOB_BYTES_MAX = 268_435_456;
/** Names in the data directory. */
export const MESSAGING_FILE = 'messaging.db';
export const BLOB_DIRECTORY = 'blobs';

/**
 * Makes messaging; undefined on a store that several nodes share, where there is none yet. It opens its file while the server
 * takes agents already, and calls wait for that; where it cannot, the server is told to end.
 */
export function startMessaging(options: ServerMessagingOptions): Messaging | undefined {
  const { delivery, dataDirectory, store: uri, enrolment, registration, preset, identity, wallClock, log } = options;
  if (uri !== undefined && /^rediss?:/.test(uri)) return undefined;
  const isKept = uri !== 'memory:';
  if (isKept) openPrivateDirectory(join(dataDirectory, BLOB_DIRECTORY));
  const messaging = new Messaging({
    store: isKept ? new SqliteMessagingStore(join(dataDirectory, MESSAGING_FILE)) : new MemoryMessagingStore(),
    events: delivery.store,
    files: isKept
      ? new DiskBlobFiles(join(dataDirectory, BLOB_DIRECTORY))
      : new MemoryBlobFiles({ bytesMax: MEMORY_BLOB_BYTES_MAX }),
    ...{ crypto: nativeCrypto, random: systemRandom, preset, systemClock: wallClock },
    environment: systemEnvironment(steadyClock({ wall: wallClock, monotonic: monotonicNow })),
    registration: registration ?? enrolment,
    signer: () => identity().keys,
    serverKey: () => identity().keys.static.publicKey,
    tokenKeys: () => tokenKeysOf(identity()),
    onRevoked: options.onRevoked,
    onFailed: options.onFailed,
    onFault: (error) => log.error('a fault of this program while it answered a call of messaging', { error }),
    onNote: options.onNote,
  });
  // Told by `onFailed`.
  messaging.start().catch(() => undefined);
  return messaging;
}
