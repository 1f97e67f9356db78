/**
 * RedisFault: what went wrong at Redis, named (faults M2, M3). Its reason is a word of the store's health; whether the same
 * batch may be sent again is `isTransient`, whether a new connection is needed is `renews`.
 */
import { StorageError, type ErrorCode } from '@sealane/shared/errors';

/** Words of the health of a store on Redis. */
export type RedisReason =
  | 'redis-down'
  | 'redis-slow'
  | 'redis-full'
  | 'redis-misconf'
  | 'redis-readonly'
  | 'redis-loading'
  | 'redis-auth'
  | 'redis-error';

interface FaultKind {
  readonly reason: RedisReason;
  readonly code: ErrorCode;
  readonly isTransient: boolean;
  /** Whether this connection is of no use any more. */
  readonly renews: boolean;
  readonly message: string;
}

/** How long a producer waits that was refused because of a fault. */
export const FAULT_RETRY_MS = 1_000;

// By the first word of an error reply. One row a line: the table is read as a table.
// oxfmt-ignore
const REPLIES: Readonly<Record<string, FaultKind>> = {
  OOM: kind('redis-full', 'E_STORE_FULL', { isTransient: false, renews: false }, 'The memory of Redis is full'),
  MISCONF: kind('redis-misconf', 'E_STORE_UNAVAILABLE', { isTransient: true, renews: false }, 'Redis cannot write to its disk'),
  NOREPLICAS: kind('redis-misconf', 'E_STORE_UNAVAILABLE', { isTransient: true, renews: false }, 'Redis has too few replicas'),
  BUSY: kind('redis-slow', 'E_STORE_UNAVAILABLE', { isTransient: true, renews: false }, 'Redis is busy with a script'),
  NOSCRIPT: kind('redis-loading', 'E_STORE_UNAVAILABLE', { isTransient: true, renews: true }, 'Redis has forgotten the scripts'),
  READONLY: kind('redis-readonly', 'E_STORE_UNAVAILABLE', { isTransient: true, renews: true }, 'This Redis is a replica'),
  MASTERDOWN: kind('redis-readonly', 'E_STORE_UNAVAILABLE', { isTransient: true, renews: true }, 'This Redis is a replica without its primary'),
  LOADING: kind('redis-loading', 'E_STORE_UNAVAILABLE', { isTransient: true, renews: true }, 'Redis is loading its data'),
  NOAUTH: kind('redis-auth', 'E_STORE_UNAVAILABLE', { isTransient: true, renews: true }, 'Redis wants a password'),
  WRONGPASS: kind('redis-auth', 'E_STORE_UNAVAILABLE', { isTransient: true, renews: true }, 'Redis does not take the password'),
  NOPERM: kind('redis-auth', 'E_STORE_UNAVAILABLE', { isTransient: true, renews: false }, 'Redis does not allow a command to this user'),
};
const DOWN = kind('redis-down', 'E_STORE_UNAVAILABLE', { isTransient: true, renews: true }, 'Redis cannot be reached');
const SLOW = kind(
  'redis-slow',
  'E_STORE_UNAVAILABLE',
  { isTransient: true, renews: false },
  'Redis does not answer in time',
);
const ERROR = kind('redis-error', 'E_STORAGE', { isTransient: false, renews: false }, 'Redis refused a command');

export class RedisFault extends StorageError {
  readonly reason: RedisReason;
  readonly isTransient: boolean;
  readonly renews: boolean;

  private constructor({ reason, code, isTransient, renews, message }: FaultKind, cause?: unknown) {
    const detail = cause instanceof Error ? `: ${cause.message.slice(0, 200)}` : '';
    super(code, `${message}${detail}`, { cause, retryAfterMs: FAULT_RETRY_MS });
    this.reason = reason;
    this.isTransient = isTransient;
    this.renews = renews;
  }

  /** Of an error reply. */
  static ofReply(error: Error): RedisFault {
    // Errors inside a script are wrapped in words of ours: the first capital word that is known counts.
    const word = /^(?:ERR .*?-)?([A-Z]{3,})\b/.exec(error.message)?.[1] ?? '';
    return new RedisFault(REPLIES[word] ?? ERROR, error);
  }

  static down(cause?: unknown): RedisFault {
    return new RedisFault(DOWN, cause);
  }

  static slow(): RedisFault {
    return new RedisFault(SLOW);
  }
}

function kind(
  reason: RedisReason,
  code: ErrorCode,
  { isTransient, renews }: { readonly isTransient: boolean; readonly renews: boolean },
  message: string,
): FaultKind {
  return { reason, code, isTransient, renews, message };
}
