/** Limits and sizes of the handshake that the specification fixes (docs/protocols/handshake.md §1). */
import { SIZES } from '../crypto/crypto.ts';

/** Largest body of a frame until the handshake ends: nothing larger is held for a stranger. */
export const HANDSHAKE_BODY_BYTES_MAX = 4_096;

/** From the accepted connection to 0x05 Accepted; then the connection is closed. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** The delay named by an unauthenticated 0x04 counts as at most this, so that a stranger cannot silence an agent. */
export const REJECTED_RETRY_AFTER_MS_MAX = 60_000;

/** Bytes of the list of suites in 0x01. */
export const SUITES_BYTES = 4;

export const VERIFY_TOKEN_BYTES = 8;

/** A static key sealed in 0x02 and 0x03. */
export const SEALED_STATIC_KEY_BYTES = SIZES.x25519Key + SIZES.aeadTag;

/** An ML-KEM-768 ciphertext sealed in 0x02. */
export const SEALED_KEM_CIPHERTEXT_BYTES = SIZES.kemCiphertext + SIZES.aeadTag;

/** Id, version and suite of 0x02: what the prologue covers of it. */
export const RESPONSE_HEADER_BYTES = 3;

/** Largest payload of 0x02 under suite 0x01, in bytes before sealing; under suite 0x02 there is more room. */
export const RESPONSE_PAYLOAD_BYTES_MAX =
  HANDSHAKE_BODY_BYTES_MAX -
  RESPONSE_HEADER_BYTES -
  SIZES.x25519Key -
  SEALED_KEM_CIPHERTEXT_BYTES -
  SEALED_STATIC_KEY_BYTES -
  SIZES.aeadTag;

/** Largest payload of 0x03, in bytes before sealing. */
export const FINISH_PAYLOAD_BYTES_MAX = HANDSHAKE_BODY_BYTES_MAX - 1 - SEALED_STATIC_KEY_BYTES - SIZES.aeadTag;
