/**
 * Refuses a connection before anything of it is read: 0x04 in clear and the end, without any cryptography. What the peer
 * has sent meanwhile is read and dropped for a moment, because a reset would take the answer away from it.
 */
import type { Socket } from 'node:net';
import { ERRORS, type ErrorCode } from '@sealane/shared/errors';
import { encodeFrame } from '@sealane/shared/frames';
import { encodeRejected } from '@sealane/shared/handshake';

/** Most time a refused socket lives. */
const LINGER_MS = 1_000;

/** @param options.silent cut it without a word: there are too many to be polite to. */
export function refuseSocket(
  socket: Socket,
  refusal: { readonly code: ErrorCode; readonly retryAfterMs: number },
  options: { readonly silent: boolean; readonly onGone: () => void },
): void {
  socket.on('error', () => undefined);
  socket.once('close', options.onGone);
  if (options.silent) {
    socket.destroy();
    return;
  }
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => {
    clearTimeout(timer);
  });
  socket.resume();
  socket.end(encodeFrame(encodeRejected(ERRORS[refusal.code].number, refusal.retryAfterMs)));
}
