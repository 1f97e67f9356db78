/**
 * What is compared: a server end and a client end over one kind of connection. Server and client run in processes of
 * their own; every load drives every contender through these interfaces, so that all do the same work.
 */

/** Certificates of one run, as PEM files; undefined where there is no `openssl` to make them. */
export interface Certificates {
  /** Directory with `p256.key`, `p256.crt`, `ed25519.key` and `ed25519.crt`. */
  readonly directory: string;
}

/** What a server end starts with. */
export interface ServerSetup {
  /** Empty directory for whatever the server keeps. */
  readonly directory: string;
  readonly certificates: Certificates | undefined;
}

/** Where a client end finds its server. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** Sealane: fingerprint of the server. */
  readonly fingerprint?: string;
  readonly certificates: Certificates | undefined;
}

/** A server that listens. */
export interface Serving {
  readonly port: number;
  readonly fingerprint?: string;
  /** One-way messages or bulk bytes that came, as the contender's handler saw them. */
  readonly received: () => number;
  /** Connections that were established, with both sides authenticated where the contender does that. */
  readonly established: () => number;
  /** CPU time in µs of a program beside this process, where the server is one. */
  readonly cpuUs?: () => number;
}

/** One connection of a client. A contender has the methods of the rows in which it takes part. */
export interface Connection {
  /** Sends a message and asks for no answer. @returns a promise to wait for when the sender should pause. */
  readonly send?: (body: Uint8Array) => Promise<void> | undefined;
  /** Called after a burst of `send`, for contenders that batch by hand. */
  readonly endBurst?: () => void;
  /** Sends a request; calls back with the answer's size in bytes. */
  readonly exchange?: (body: Uint8Array, onReply: (size: number) => void) => void;
  /** Sends so many bytes and resolves when the server has all of them. */
  readonly upload?: (bytes: number) => Promise<void>;
  /** Asks for so many bytes and resolves when all came. @returns how many came. */
  readonly download?: (bytes: number) => Promise<number>;
  /** Number of this connection as a reader of durable events. */
  readonly reader?: number;
  /** Publishes a durable event to the reader of this number; calls back when it is stored. */
  readonly publish?: (reader: number, body: Uint8Array, onStored: () => void) => void;
  /** Takes the durable events of this connection's number, acked one by one. Resolves when none can be missed any more. */
  readonly read?: (onEvent: (body: Uint8Array) => void) => Promise<void>;
  /** A sign of life, for contenders whose protocol has none of its own. */
  readonly heartbeat?: () => void;
  readonly close: () => Promise<void>;
}

/** One thing that is compared. */
export interface Contender {
  readonly serve: (setup: ServerSetup) => Promise<Serving>;
  readonly connect: (target: Target, index: number) => Promise<Connection>;
}

/** Number of a reader that has subscribed and is away: what it is sent has to be stored. */
export const NO_READER = 4_294_967_295;

/** Bulk data is written in pieces of this size by every contender. */
export const BULK_PIECE_BYTES = 65_536;

/** Where every contender's sender pauses: unsent bytes. Sealane's own default. */
export const HIGH_WATER_BYTES = 1_048_576;
