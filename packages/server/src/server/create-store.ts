/** Which store: the one place that knows all of them. The client of Redis is loaded only where it is used. */
import { join } from 'node:path';
import { explained } from '@sealane/node/config';
import { ConfigError } from '@sealane/shared/errors';
import type { AgentDirectory, BanKeeper } from '../admission/index.ts';
import { memoryLimitBytes } from '../limits/index.ts';
import type { SessionEnd } from '../store/redis/index.ts';
import {
  DEFAULT_QUEUE_LIMITS,
  SqliteStore,
  VolatileStore,
  systemStoreEnvironment,
  type NodeBus,
  type QueueLimits,
  type Store,
} from '../store/index.ts';

export interface CreateStoreOptions {
  /** `sqlite:PATH`, `redis://…` or `memory:`; default a file in the data directory. */
  readonly store: string | undefined;
  readonly dataDirectory: string;
  readonly queueLimits: Partial<QueueLimits> | undefined;
  readonly wallClock: () => number;
  /** Where other nodes ask whether this one is ready. */
  readonly healthUrl: string | undefined;
  /** Refuses a Redis that may lose what it took. */
  readonly requireDurable: boolean;
  /** Another node of the same store ends sessions of an agent. */
  readonly onSessionEnd: (end: SessionEnd) => void;
}

/** Who is enrolled and who is banned, and the key of their resume tokens, where several nodes share them. */
export interface SharedDirectory {
  readonly directory: AgentDirectory;
  readonly bans: BanKeeper;
  /** Has the other nodes end sessions of an agent. @returns how many. @throws StorageError. */
  readonly endSessions: (end: SessionEnd) => Promise<number>;
  /** 32 bytes. */
  readonly resumeKey: Uint8Array;
}

/** A store that is not open yet. */
export interface CreatedStore {
  readonly store: Store;
  /** Where several nodes use it: what else they share, once it is open. */
  readonly openShared: (() => Promise<SharedDirectory>) | undefined;
  /** The way to the other nodes, not open yet. */
  readonly nodeBus: NodeBus | undefined;
  /** Where the other nodes say whether they are ready. */
  readonly peerUrls: () => readonly string[];
}

/** Name of the store in the data directory. */
export const STORE_FILE = 'events.db';
/** What a node knows of the store on Redis, in the data directory: so it finds out when that is not what it was. */
const MARKER_FILE = 'redis-store.json';
const SQLITE_PREFIX = 'sqlite:';
/** Batches that are delivered at once are read from memory: as many as a small machine has room for. */
const CACHE_BYTES_MAX = 67_108_864;
const CACHE_MEMORY_SHARE = 1 / 16;

/** @throws ConfigError `E_CONFIG` for what is no store. */
export async function createStore(options: CreateStoreOptions): Promise<CreatedStore> {
  const { store: uri, dataDirectory, queueLimits, wallClock } = options;
  const environment = { ...systemStoreEnvironment, now: wallClock };
  const common = { environment, limits: { ...DEFAULT_QUEUE_LIMITS, ...queueLimits } };
  const inFile = { ...common, cacheBytes: Math.min(CACHE_BYTES_MAX, memoryLimitBytes() * CACHE_MEMORY_SHARE) };
  if (uri === undefined) return local(new SqliteStore(join(dataDirectory, STORE_FILE), inFile));
  if (uri === 'memory:') {
    if (options.requireDurable) throw notDurable();
    return local(new VolatileStore(common));
  }
  if (uri.startsWith(SQLITE_PREFIX) && uri.length > SQLITE_PREFIX.length)
    return local(new SqliteStore(uri.slice(SQLITE_PREFIX.length), inFile));
  if (!/^rediss?:\/\//.test(uri)) throw noStore(uri);
  const { RedisStore } = await import('../store/redis/index.ts');
  const store = new RedisStore({
    url: uri,
    about: options.healthUrl ?? '',
    requireDurable: options.requireDurable,
    markerFile: join(dataDirectory, MARKER_FILE),
    onSessionEnd: options.onSessionEnd,
    ...common,
  });
  const openShared = async (): Promise<SharedDirectory> => ({
    directory: store.agents,
    bans: store.bans,
    endSessions: (end) => store.endSessions(end),
    resumeKey: await store.agents.resumeKey(),
  });
  const peerUrls = (): readonly string[] => store.peers.map(({ about }) => about).filter((url) => url !== '');
  return { store, openShared, nodeBus: store.nodeBus(), peerUrls };
}

function local(store: Store): CreatedStore {
  return { store, openShared: undefined, nodeBus: undefined, peerUrls: () => [] };
}

function notDurable(): ConfigError {
  return explained(new ConfigError('E_CONFIG', 'The store "memory:" loses acked events when the server ends'), {
    next: 'Use sqlite:PATH or redis://HOST:PORT/DATABASE with --store, or do without --require-durable.',
  });
}

/** What was given may hold a password: only its scheme is shown. */
function noStore(uri: string): ConfigError {
  const scheme = /^[a-z]{1,16}:/.exec(uri)?.[0] ?? '';
  return explained(new ConfigError('E_CONFIG', `"${scheme}…" is no store`), {
    next: 'Use sqlite:PATH, redis://HOST:PORT/DATABASE or memory: with --store.',
  });
}
