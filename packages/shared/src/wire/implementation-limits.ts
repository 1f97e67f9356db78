/** Limits of this implementation: announced to the peer in the handshake, changeable without a new wire version. */

import { KEY_UPDATE_AFTER_BYTES, KEY_UPDATE_AFTER_MS, KEY_UPDATE_AFTER_RECORDS } from '../records/index.ts';

/** Limits that one side announces and the other obeys. */
export interface PeerLimits {
  /** Bytes a peer may send on one stream before credit comes back. */
  readonly streamWindowBytes: number;
  /** Bytes a peer may send on all streams together before credit comes back. */
  readonly connectionWindowBytes: number;
  /** Streams a peer may have open that it opened. */
  readonly streamsMax: number;
  /** Requests of a peer that may wait for their last response. */
  readonly requestsInFlightMax: number;
}

/** What this implementation announces by default. */
export const DEFAULT_PEER_LIMITS: PeerLimits = {
  streamWindowBytes: 1_048_576,
  connectionWindowBytes: 16_777_216,
  streamsMax: 1_024,
  requestsInFlightMax: 1_024,
};

/** Times and sizes of a session that the peer does not need to know. */
export interface SessionLimits {
  /** The handshake, from the first byte to Accepted, is done within this time. */
  readonly handshakeTimeoutMs: number;
  /** A ping is sent when nothing came for this long. */
  readonly pingIntervalMs: number;
  /** The peer is dead when nothing came for this long. */
  readonly idleTimeoutMs: number;
  /** A timer that fires this much late means that we slept, not that the peer is silent. */
  readonly ownPauseMs: number;
  /** Pending packets are sealed into a record when they reach this size. */
  readonly flushBytes: number;
  /** Bytes waiting to be written: at this mark requests are not read any more. */
  readonly outboundHighWaterBytes: number;
  /** Bytes waiting to be written: past this a server passes nothing on from other agents. */
  readonly outboundBytesMax: number;
  /** The agent starts a key update after this many records of one direction of an epoch. */
  readonly keyUpdateAfterRecords: number;
  /** The agent starts a key update after this many plaintext bytes of one direction of an epoch. */
  readonly keyUpdateAfterBytes: number;
  /** The agent starts a key update when an epoch is this old. */
  readonly keyUpdateAfterMs: number;
  /** A key update must be answered and entered within this time. */
  readonly keyUpdateTimeoutMs: number;
  /** After a close or a failure was sent, the connection is cut at the latest after this time. */
  readonly closeTimeoutMs: number;
}

/** Defaults of this implementation. */
export const DEFAULT_SESSION_LIMITS: SessionLimits = {
  handshakeTimeoutMs: 10_000,
  pingIntervalMs: 5_000,
  idleTimeoutMs: 15_000,
  ownPauseMs: 2_000,
  flushBytes: 196_608,
  outboundHighWaterBytes: 1_048_576,
  outboundBytesMax: 8_388_608,
  keyUpdateAfterRecords: KEY_UPDATE_AFTER_RECORDS,
  keyUpdateAfterBytes: KEY_UPDATE_AFTER_BYTES,
  keyUpdateAfterMs: KEY_UPDATE_AFTER_MS,
  keyUpdateTimeoutMs: 30_000,
  closeTimeoutMs: 2_000,
};
