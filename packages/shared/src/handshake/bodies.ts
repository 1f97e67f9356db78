/**
 * Checks that all handshake bodies share, and the prologue that binds the clear ones
 * (docs/protocols/handshake.md §1.3 and §3.6).
 */
import { concat, utf8Encode } from '../bytes/index.ts';
import { ProtocolError } from '../errors/index.ts';
import { HANDSHAKE_BODY_BYTES_MAX, RESPONSE_HEADER_BYTES } from './limits.ts';
import { HANDSHAKE_PACKET } from './suites.ts';

const PROLOGUE_LABEL = utf8Encode('sealane/1');
const IDS: readonly number[] = Object.values(HANDSHAKE_PACKET);

/**
 * Checks that a body is the packet waited for and of a permitted length.
 *
 * @throws ProtocolError `E_STATE` for another handshake packet (so also for one's own, reflected), `E_TOO_LARGE`
 * past 4,096 bytes, `E_MALFORMED` for anything else.
 */
export function checkBody(body: Uint8Array, id: number, bytesMin: number): void {
  if (body.length > HANDSHAKE_BODY_BYTES_MAX) throw new ProtocolError('E_TOO_LARGE', 'A handshake body is too large.');
  const received = body[0];
  if (received !== id) {
    const code = received !== undefined && IDS.includes(received) ? 'E_STATE' : 'E_MALFORMED';
    throw new ProtocolError(code, `Handshake packet ${id} was expected.`);
  }
  if (body.length < bytesMin) throw malformed(`Handshake packet ${id} is too short.`);
}

/** `sealane/1` ‖ the whole 0x01 body ‖ the first 3 bytes of the 0x02 body. */
export function handshakePrologue(request: Uint8Array, response: Uint8Array): Uint8Array {
  return concat(PROLOGUE_LABEL, request, response.subarray(0, RESPONSE_HEADER_BYTES));
}

export function malformed(message: string): ProtocolError {
  return new ProtocolError('E_MALFORMED', message);
}
