/** openMessaging: the messaging client of an agent, with its database in the data directory. */
import { join } from 'node:path';
import { utf8Encode } from '@sealane/shared/bytes';
import { hkdfExpand } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { messagesTopic } from '@sealane/shared/items';
import { ProtocolError, StorageError } from '@sealane/shared/errors';
import { nodeMlsCrypto } from '@sealane/e2ee/crypto-node';
import { unwrapWithPassphrase, wrapWithPassphrase } from '@sealane/e2ee/keys';
import { SqliteStorage } from '@sealane/e2ee/sqlite';
import { MemoryStorage, SealedStorage, type RowCipher, type Storage } from '@sealane/e2ee/storage';
import { openPrivateDirectory } from '@sealane/node/keys';
import { systemRandom } from '@sealane/node/transport';
import type { Agent } from '../agent/index.ts';
import { DirectoryLocks, MemoryLocks } from './locks.ts';
import { MessagingClient } from './messaging-client.ts';
import type { MessagingConnection, QueueSubscription } from './messaging-connection.ts';
import type { ReceiptPolicy } from './receipts.ts';

/** What messaging needs of an agent. */
export interface MessagingAgent
  extends
    Pick<Agent, 'id' | 'state' | 'on' | 'off' | 'subscribe'>,
    Pick<MessagingConnection, 'call' | 'onTransient' | 'serverKey'> {
  /** X25519 public key of this agent, 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** Options of `openMessaging`. */
export interface OpenMessagingOptions {
  /** Where the database is: the data directory of the agent. Without it everything is forgotten when the process ends. */
  readonly dataDir?: string | undefined;
  /** Seals the rows of the database; the same as that of the key file. */
  readonly passphrase?: string | undefined;
  /** What others are told about messages that came: `all` (default), `delivered`, or nothing. */
  readonly receipts?: ReceiptPolicy;
}

/** Name of the database in a data directory. */
const DATABASE_FILE = 'messages.db';
const KEY_TABLE = 'storage-key';
const NONCE_BYTES = 12;
const KEY_BYTES = 32;

/**
 * Opens messaging for an agent. It needs no connection: what is written waits in the outbox. Several processes may do so for one
 * data directory; one of them at a time takes what comes in.
 *
 * @throws ConfigError for a directory that others can write, `E_PASSPHRASE`; StorageError when the disk refuses.
 *
 * @example
 * const agent = await connect({ server: 'example.org:1337', dataDir: './alice' });
 * const messaging = await openMessaging(agent, { dataDir: './alice' });
 * messaging.on('event', (event) => { if (event.type === 'message') console.log(event.message.body); });
 * await messaging.sync();
 */
export async function openMessaging(
  agent: MessagingAgent,
  options: OpenMessagingOptions = {},
): Promise<MessagingClient> {
  const { dataDir, passphrase, receipts = 'all' } = options;
  const client = new MessagingClient({
    connection: connectionOf(agent),
    storage: await storageOf(dataDir, passphrase),
    locks: dataDir === undefined ? new MemoryLocks() : new DirectoryLocks(dataDir),
    crypto: nativeCrypto,
    mls: nodeMlsCrypto,
    random: systemRandom,
    now: Date.now,
    receipts,
  });
  await client.open();
  return client;
}

function connectionOf(agent: MessagingAgent): MessagingConnection {
  return {
    call: (id, fields, callOptions) => agent.call(id, fields, callOptions),
    get agentId() {
      return agent.id;
    },
    get isConnected() {
      return agent.state.state === 'connected';
    },
    get serverKey() {
      return agent.serverKey;
    },
    transportKey: agent.publicKey,
    onConnected(listener) {
      agent.on('connected', listener);
      return () => void agent.off('connected', listener);
    },
    onTransient: (listener) => agent.onTransient(listener),
    openQueue: (agentId, handler, onSkipped) => openQueue(agent, { agentId, handler, onSkipped }),
  };
}

/** The durable subscription to the topic of the device. */
function openQueue(
  agent: MessagingAgent,
  queue: {
    readonly agentId: string;
    readonly handler: (body: Uint8Array) => Promise<void>;
    readonly onSkipped: (events: number) => void;
  },
): QueueSubscription {
  const { agentId, handler, onSkipped } = queue;
  return agent.subscribe(messagesTopic(agentId), (event) => takeOwn(event.from, event.body, handler), {
    onSkipped: ({ from, to }) => onSkipped(to - from + 1),
  });
}

/** Only the server publishes to these topics; anything else would be a fault of its. */
async function takeOwn(from: string, body: Uint8Array, handler: (body: Uint8Array) => Promise<void>): Promise<void> {
  if (from !== 'server') throw new ProtocolError('E_FORBIDDEN', 'an item that is not from the server');
  await handler(body.slice());
}

async function storageOf(dataDir: string | undefined, passphrase: string | undefined): Promise<Storage> {
  if (dataDir === undefined) return new MemoryStorage();
  openPrivateDirectory(dataDir);
  const storage = await SqliteStorage.open(join(dataDir, DATABASE_FILE));
  try {
    return await sealedStorage(storage, passphrase);
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** Rows are sealed where the data directory has a passphrase; a database that was begun without one stays as it is. */
async function sealedStorage(storage: Storage, passphrase: string | undefined): Promise<Storage> {
  const row = await storage.transaction((tx) => tx.get(KEY_TABLE, ['key']));
  const wrapped = row?.['wrapped'];
  if (!(wrapped instanceof Uint8Array)) {
    if (passphrase === undefined || (await isBegun(storage))) return storage;
    const secret = systemRandom(KEY_BYTES);
    const fresh = await wrapWithPassphrase(nativeCrypto, { passphrase, secret, random: systemRandom });
    const isOurs = await storage.transaction(async (tx) => {
      if ((await tx.get(KEY_TABLE, ['key'])) !== undefined) return false;
      await tx.put(KEY_TABLE, ['key'], { wrapped: fresh });
      return true;
    });
    // Another process was faster: its key counts.
    if (!isOurs) return await sealedStorage(storage, passphrase);
    return new SealedStorage(storage, rowCipher(secret));
  }
  if (passphrase === undefined)
    throw new StorageError('E_PASSPHRASE', 'The message database is protected by a passphrase');
  const secret = await unwrapWithPassphrase(nativeCrypto, { passphrase, wrapped });
  if (secret === undefined) throw new StorageError('E_PASSPHRASE', 'The passphrase does not open the message database');
  return new SealedStorage(storage, rowCipher(secret));
}

async function isBegun(storage: Storage): Promise<boolean> {
  return (await storage.transaction((tx) => tx.get('account', ['self']))) !== undefined;
}

/** AES-256-GCM, under a key for each place, with a random nonce before the sealed row. */
function rowCipher(secret: Uint8Array): RowCipher {
  const keyOf = (place: Uint8Array): Uint8Array =>
    hkdfExpand(nativeCrypto, secret, Uint8Array.of(...utf8Encode('row '), ...nativeCrypto.sha256(place)), KEY_BYTES);
  return {
    seal(row, place) {
      const nonce = systemRandom(NONCE_BYTES);
      const sealed = nativeCrypto.aeadSeal(keyOf(place), nonce, place, row);
      return Uint8Array.of(...nonce, ...sealed);
    },
    open(sealed, place) {
      if (sealed.length < NONCE_BYTES) return undefined;
      return nativeCrypto.aeadOpen(keyOf(place), sealed.slice(0, NONCE_BYTES), place, sealed.slice(NONCE_BYTES));
    },
  };
}
