/**
 * Body of 0x04 Rejected (docs/protocols/handshake.md §7): `id ‖ error code (u16) ‖ retryAfterMs (u32)`.
 *
 * In clear and without authentication, so only a hint: it never changes what an agent believes of a server and never
 * ends its attempts.
 */
import { ByteWriter } from '../bytes/index.ts';
import { errorByNumber, LOCAL_ERROR_NUMBER_MIN, type ErrorCode } from '../errors/index.ts';
import { checkBody, malformed } from './bodies.ts';
import { REJECTED_RETRY_AFTER_MS_MAX } from './limits.ts';
import { HANDSHAKE_PACKET } from './suites.ts';

const REJECTED_BYTES = 7;
const U32_MAX = 0xffff_ffff;

/** What 0x04 says, believed as far as a stranger's word goes. */
export interface Rejected {
  /** Name of the code, or undefined when this version does not know the number. */
  readonly code: ErrorCode | undefined;
  readonly number: number;
  /** Milliseconds, cut to 60,000. */
  readonly retryAfterMs: number;
}

/**
 * The body of 0x04, 7 bytes.
 *
 * @param number of a code in the error table.
 * @throws RangeError for a number that may not travel, or a delay in ms that does not fit 32 bits.
 */
export function encodeRejected(number: number, retryAfterMs: number): Uint8Array {
  if (!(number > 0 && number < LOCAL_ERROR_NUMBER_MIN)) throw new RangeError('"number" may not travel');
  if (!(retryAfterMs >= 0 && retryAfterMs <= U32_MAX)) throw new RangeError('"retryAfterMs" does not fit 32 bits');
  return new ByteWriter().u8(HANDSHAKE_PACKET.rejected).u16(number).u32(retryAfterMs).toBytes();
}

/**
 * Reads the body of 0x04, as a frame brought it.
 *
 * @throws ProtocolError `E_STATE` for another handshake packet, `E_TOO_LARGE` past 4,096 bytes, `E_MALFORMED` for
 *   anything else that is not a 0x04 of 7 bytes.
 */
export function readRejected(body: Uint8Array): Rejected {
  checkBody(body, HANDSHAKE_PACKET.rejected, REJECTED_BYTES);
  if (body.length !== REJECTED_BYTES) throw malformed('0x04 has the wrong length.');
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const number = view.getUint16(1);
  const retryAfterMs = Math.min(view.getUint32(3), REJECTED_RETRY_AFTER_MS_MAX);
  return { code: errorByNumber(number), number, retryAfterMs };
}
