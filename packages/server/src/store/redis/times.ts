/** Times and sizes of the Redis store, named once. */

/** A time that never comes: what an event has that does not expire. */
export const FOREVER_MS = Number.MAX_SAFE_INTEGER;

/** A node is alive while its lease is there; it renews it this often. */
export const NODE_LEASE_MS = 10_000;
export const NODE_RENEW_MS = 2_000;
/** Shorter leases are renewed this many times before they run out. */
export const RENEWALS_MIN = 5;
/** Wake-ups that got lost are found this soon. */
export const POLL_MS = 1_000;
/** Other nodes, sweeps, and delayed events of nodes that died. */
export const HOUSEKEEPING_MS = 30_000;
/** The settings of Redis may be changed while it runs. */
export const SETTINGS_MS = 60_000;

/** A connection on which a command waited this long is cut and made anew. */
export const STALLED_MS = 8_000;
/** What a call waits for a connection to come back. */
export const CALL_WAIT_MS = 2_000;
/** What an event waits for its receipt before it is refused; it may still have been stored. */
export const PUBLISH_WAIT_MS = 2_000;
/** One batch. */
export const BATCH_EVENTS_MAX = 1_024;
export const BATCH_BYTES_MAX = 1_048_576;
/** One chunk of a queue. */
export const CHUNK_EVENTS_MAX = 128;
export const CHUNK_BYTES_MAX = 65_536;
/** Events that wait for Redis; more are refused at once (M2). */
export const WAITING_EVENTS_MAX = 65_536;
export const WAITING_BYTES_MAX = 67_108_864;
/** Writes that nobody waits for; more fail at once (M2). */
export const WRITES_MAX = 131_072;
