/** Refusals: which pass and when to try again, and what those that do not pass mean. */
import { ProtocolError, errorByNumber, type ErrorCode } from '@sealane/shared/errors';
import { explained } from '@sealane/node/config';

/** Where a refusal is worth another attempt and names no time. */
const RETRY_MS_DEFAULT = 1_000;

/** Refusals that pass, whatever time they name. */
const passingCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'E_QUEUE_FULL',
  'E_BUSY',
  'E_STORE_FULL',
  'E_STORE_UNAVAILABLE',
]);

/** The error of a number from the wire. @param what what the server does, for a number that this version does not know. */
export function refusal(code: number, what: string): ProtocolError {
  const name = errorByNumber(code);
  if (name !== undefined) return new ProtocolError(name);
  return new ProtocolError('E_BAD_REQUEST', `${what} for a reason that this version does not know (${code})`);
}

/** After how long another attempt is worth it; 0 when none is. */
export function retryDelayMs(code: ErrorCode, retryAfterMs: number): number {
  if (retryAfterMs > 0) return retryAfterMs;
  return passingCodes.has(code) ? RETRY_MS_DEFAULT : 0;
}

/** A refusal that does not pass, with what it means for whoever published. */
export function finalRefusal(error: ProtocolError): ProtocolError {
  if (error.code !== 'E_EVENT_SETTLED' && error.code !== 'E_EVENT_CONFLICT') return error;
  const why = 'its outbox was restored from a copy, or is used from two copies at once';
  return explained(new ProtocolError(error.code, `The number of this event stands for another one: ${why}`), {
    next: 'Publish the event again, and use each data directory on one machine only.',
  });
}
