/** What a call to the server ended with, and making it again where that is welcome. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ProtocolError, SealaneError, StorageError, type ErrorCode } from '@sealane/shared/errors';
import type { Stored } from '@sealane/shared/packets';
import type { CallServer } from './messaging-connection.ts';

/** The answer of calls that change something. */
export type StoredAnswer = Pick<Stored, 'sequence' | 'epoch' | 'at'>;

/** Failures of a connection: whether the call was done is unknown, and it may be made again as it was. */
const cutCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['E_TRUNCATED', 'E_IDLE', 'E_DRAINING']);
const ATTEMPTS_MAX = 8;
const RETRY_AFTER_MS_MAX = 15_000;

/** The error with its code; undefined for what is a fault of this program. */
export function callFailure(error: unknown): SealaneError | undefined {
  return error instanceof SealaneError ? error : undefined;
}

/** The error with its code; a fault of this program has one too. */
export function faultOf(error: unknown): SealaneError {
  return callFailure(error) ?? new ProtocolError('E_INTERNAL', 'an unexpected fault', { cause: error });
}

/** Rows of a group, or of what came, that cannot be used. */
export function isDamage(error: unknown): boolean {
  return error instanceof StorageError && error.code === 'E_DATA';
}

/** Whether an error of the engine says that this device cannot go on in a group by what it has. */
export function isGroupLost(error: unknown): boolean {
  const code = callFailure(error)?.code;
  return isDamage(error) || code === 'E_FORK' || code === 'E_NO_GROUP';
}

/** Failures of the connection, the server's load, or the disk: the same may do better later. */
const passingCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...['E_TRUNCATED', 'E_CLOSED', 'E_TIMEOUT', 'E_CANCELLED', 'E_IDLE', 'E_DRAINING', 'E_UNREACHABLE'],
  ...['E_BUSY', 'E_CALL_LIMIT', 'E_RATE_LIMITED', 'E_STORE_UNAVAILABLE', 'E_STORE_FULL', 'E_NOT_LOGGED_IN'],
  ...['E_STORAGE', 'E_DATA_IN_USE'],
] as const);

/** Whether another time may do better; what else fails is a matter of what was asked for. */
export function isPassing(error: unknown): boolean {
  const code = callFailure(error)?.code;
  return code !== undefined && passingCodes.has(code);
}

/**
 * Calls that are made again over the next connection after a cut, and after the time that the server names. Every call may be
 * repeated as it was (docs/protocols/messaging.md §1.5).
 */
export function retryingCalls(call: CallServer): CallServer {
  return async (id, fields, options) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await call(id, fields, options);
      } catch (error) {
        const failure = callFailure(error);
        const delayMs = failure === undefined ? undefined : delayOf(failure);
        if (delayMs === undefined || attempt >= ATTEMPTS_MAX) throw error;
        await sleep(delayMs, undefined, options?.signal === undefined ? {} : { signal: options.signal });
      }
    }
  };
}

/** Calls that say who this device is, or ask about it. */
const standingCalls: ReadonlySet<number> = new Set([0x40, 0x41, 0x43, 0x46]);

/**
 * Calls that are made once more when the server does not know this device as logged in or listed.
 *
 * @param standAgain resolves with whether another attempt may do better.
 */
export function resumingCalls(
  call: CallServer,
  standAgain: (code: 'E_NOT_LOGGED_IN' | 'E_NOT_LISTED') => Promise<boolean>,
): CallServer {
  return async (id, fields, options) => {
    try {
      return await call(id, fields, options);
    } catch (error) {
      const code = callFailure(error)?.code;
      const isStanding = code === 'E_NOT_LOGGED_IN' || code === 'E_NOT_LISTED';
      if (!isStanding || standingCalls.has(id) || !(await standAgain(code))) throw error;
      return await call(id, fields, options);
    }
  };
}

/** Undefined where another attempt is of no use, or takes too long. */
function delayOf({ code, retryAfterMs = 0 }: SealaneError): number | undefined {
  if (cutCodes.has(code)) return 0;
  return retryAfterMs > 0 && retryAfterMs <= RETRY_AFTER_MS_MAX ? retryAfterMs : undefined;
}
