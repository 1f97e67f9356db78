/** Opens what a server keeps in its data directory, in order: lock, identity, successions, registry, key of resume tokens. */
import { join } from 'node:path';
import {
  acquireProcessLock,
  loadSuccessions,
  openIdentity,
  openPrivateDirectory,
  type ProcessLock,
} from '@sealane/node/keys';
import { systemRandom } from '@sealane/node/transport';
import type { IdentityKeys } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { assert } from '@sealane/shared/errors';
import { AgentRegistry, Bans, FileBans, openResumeKey, type AgentDirectory, type Ban } from '../admission/index.ts';
import type { SharedDirectory } from './create-store.ts';

/** The identity with the documents that lead to it. */
export interface ServerIdentity {
  readonly keys: IdentityKeys;
  readonly successions: readonly Uint8Array[];
}

/** An open data directory; it is this server's alone until `close`. */
export interface DataDirectory {
  readonly identity: ServerIdentity;
  readonly registry: AgentDirectory;
  readonly bans: Bans;
  /** Has the other nodes end sessions of an agent; undefined where there are none. */
  readonly endSessions: SharedDirectory['endSessions'] | undefined;
  /** 32 bytes. */
  readonly resumeKey: Uint8Array;
  close(): Promise<void>;
}

interface OpenOptions extends DataOptions {
  /** Whether it is one of several processes, whose primary holds the lock. */
  readonly isMember: boolean;
  /** Another node banned: what is connected here has to go. */
  readonly onBanned: (ban: Ban) => void;
  /** Opens what nodes share in place of files of this directory; called once the directory is locked. */
  readonly openShared: () => Promise<SharedDirectory | undefined>;
}

interface DataOptions {
  readonly passphrase: string | undefined;
  readonly wallClock: () => number;
}

/** @throws ConfigError and StorageError that name the file and what to do. */
export async function openDataDirectory(directory: string, options: OpenOptions): Promise<DataDirectory> {
  openPrivateDirectory(directory);
  const lock = options.isMember ? undefined : await acquireProcessLock(directory);
  try {
    const identity = await loadServerIdentity(directory, options);
    const shared = await options.openShared();
    const nowSeconds = Math.floor(options.wallClock() / 1_000);
    const own = shared === undefined ? new AgentRegistry(join(directory, 'agents.jsonl'), { nowSeconds }) : undefined;
    const registry = shared?.directory ?? own;
    assert(registry !== undefined, 'there is a directory of agents');
    const keeper = shared?.bans ?? new FileBans(join(directory, 'bans.jsonl'), registry);
    const bans = await Bans.open(keeper, options);
    return {
      identity,
      registry,
      bans,
      endSessions: shared?.endSessions,
      resumeKey: shared?.resumeKey ?? openResumeKey(directory, systemRandom),
      close: () => close(own === undefined ? [bans] : [bans, own], lock),
    };
  } catch (error) {
    lock?.release();
    throw error;
  }
}

/** The identity as it is on the disk now: a rotation may have changed it. */
export async function loadServerIdentity(directory: string, options: DataOptions): Promise<ServerIdentity> {
  const keys = await openIdentity(directory, {
    crypto: nativeCrypto,
    kind: 'server',
    random: systemRandom,
    ...options,
  });
  const nowSeconds = Math.floor(options.wallClock() / 1_000);
  return { keys, successions: loadSuccessions(directory, keys.static.publicKey, nowSeconds) };
}

async function close(files: readonly { close(): Promise<void> }[], lock: ProcessLock | undefined): Promise<void> {
  try {
    for (const file of files) await file.close();
  } finally {
    lock?.release();
  }
}
