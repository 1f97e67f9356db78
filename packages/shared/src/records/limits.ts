/** Limits of the record layer that the specification fixes (docs/protocols/records.md §4 and §5). */
import { SIZES } from '../crypto/crypto.ts';

/** Largest plaintext of one record: a reader needs no more than this at once. */
export const RECORD_PLAINTEXT_BYTES_MAX = 262_144;

/** What a record adds to its plaintext inside the frame: nonce and tag. */
export const RECORD_OVERHEAD_BYTES = SIZES.aeadNonce + SIZES.aeadTag;

/** Largest frame body after the handshake. */
export const RECORD_FRAME_BODY_BYTES_MAX = RECORD_PLAINTEXT_BYTES_MAX + RECORD_OVERHEAD_BYTES;

/** Hard stop: an epoch seals and opens no more records than this (far inside AES-GCM's bound, RFC 9001 §6.6). */
export const EPOCH_RECORDS_MAX = 2 ** 24;

/** Hard stop: an epoch carries no more plaintext bytes than this. */
export const EPOCH_BYTES_MAX = 16 * 2 ** 30;

/** Last epoch that fits the nonce; a connection that got there ends. */
export const EPOCH_NUMBER_MAX = 2 ** 32 - 1;

/** From here on the agent starts a key update: records in one direction of an epoch. */
export const KEY_UPDATE_AFTER_RECORDS = 2 ** 20;

/** From here on the agent starts a key update: plaintext bytes in one direction of an epoch. */
export const KEY_UPDATE_AFTER_BYTES = 2 ** 30;

/** From here on the agent starts a key update: age of an epoch. */
export const KEY_UPDATE_AFTER_MS = 3_600_000;
