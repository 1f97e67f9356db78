/** What a session is made of: the ports it uses and the limits it keeps. */
import type { WriterPool } from '../bytes/index.ts';
import type { Crypto, Random, StaticKeyPair } from '../crypto/index.ts';
import type { PacketReader } from '../packets/index.ts';
import type { PeerLimits, SessionLimits, SuiteId, VersionRange } from '../wire/index.ts';

/** Shared by all sessions of a process. */
export interface SessionEnvironment {
  readonly crypto: Crypto;
  readonly random: Random;
  readonly writers: WriterPool;
  /** One reader serves all sessions: it is never left with packets in it. */
  readonly reader: PacketReader;
}

/** Common to both roles. */
export interface SessionSettings {
  readonly environment: SessionEnvironment;
  readonly identity: StaticKeyPair;
  /** Suites allowed, in order of preference. */
  readonly suites: readonly SuiteId[];
  /** Wire versions allowed; all that this build speaks unless told. */
  readonly versions?: VersionRange;
  readonly limits: SessionLimits;
  /** What this side announces to the peer. */
  readonly announced: PeerLimits;
  /** Name and version of this program, shown to the peer once it is authenticated; at most 64 bytes. */
  readonly build: string;
}
