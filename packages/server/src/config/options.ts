/** What a server is created with. */
import type { Socket } from 'node:net';
import type { Logger } from '@sealane/node/log';
import type { LimitPreset, ServerLimits } from './limits.ts';

/** Who may enrol: unknown agents from this machine, those with a token, anybody, nobody. */
export const ENROLMENT_POLICIES = ['loopback', 'token', 'open', 'closed'] as const;
/** Which unknown agents are let in: those of this machine, with a token, all, or none. */
export type EnrolmentPolicy = (typeof ENROLMENT_POLICIES)[number];

/** A socket that listens, or what stands for one. */
export interface ListeningSocket {
  readonly host: string;
  readonly port: number;
  /** No more connections. */
  close(): void;
}

/** Hands connections to one of several processes that share one port and one data directory. */
export interface SocketSource {
  /** Connections come from now on. */
  open(onSocket: (socket: Socket) => void): Promise<ListeningSocket>;
}

/** Options of `createServer`; only the data directory has no default. */
export interface ServerOptions {
  /** Holds the identity, the registry of agents and the lock; made at the first start. */
  readonly dataDirectory: string;
  /** Opens the key file, where it is protected. */
  readonly passphrase?: string | undefined;
  /** Default `0.0.0.0`; `::` listens on IPv4 and IPv6. */
  readonly host?: string;
  /** Default 1337; 0 takes a free one. */
  readonly port?: number;
  /** Default `loopback`. */
  readonly enrolment?: EnrolmentPolicy;
  /** Who may make an account of messaging: default as `enrolment`. */
  readonly registration?: 'open' | 'token' | 'closed' | undefined;
  /** Default `pq`; `any` lets classical agents in. */
  readonly suites?: 'pq' | 'any';
  /** A preset, default `default`. */
  readonly limits?: LimitPreset;
  /** Limits that differ from the preset. */
  readonly limitOverrides?: Partial<ServerLimits>;
  /**
   * Where events are kept: `sqlite:PATH`, `redis://HOST:PORT/DATABASE` for several nodes, or `memory:` for tests, whose receipts
   * say relaxed. Default a file in the data directory.
   */
  readonly store?: string | undefined;
  /** Bounds of every queue that differ from the defaults: 1,000,000 events, 1 GiB, 30 days. */
  readonly queueLimits?: {
    readonly eventsMax?: number;
    readonly bytesMax?: number;
    readonly retentionMs?: number;
  };
  /**
   * Set for one of several processes: where its connections come from, in place of a port of its own. Whoever started it
   * holds the lock of the data directory. Needs a store on Redis.
   */
  readonly socketSource?: SocketSource | undefined;
  /**
   * Where other nodes of the same store ask whether this one is ready: the URL of its `/readyz`, as they reach it. A node that
   * lost the store sends its agents away only when such a node answers that it is ready.
   */
  readonly healthUrl?: string | undefined;
  /** Refuses to start on a store that may lose what it took (`appendfsync` of Redis and the like); without it receipts say relaxed. */
  readonly requireDurable?: boolean | undefined;
  /** File with the permissions of agents; without it enrolled agents may do everything. */
  readonly permissionsFile?: string | undefined;
  /** Default: no log. */
  readonly log?: Logger;
  /** Wall clock in ms, for expiry and display. */
  readonly wallClock?: () => number;
}
