/**
 * Error classes, one per family (`docs/errors.md`).
 *
 * Mistakes of the caller are `TypeError` and `RangeError`; what the peer does wrong is `ProtocolError`; what network
 * and disk do is `TransportError` and `StorageError`; settings and files of the user are `ConfigError`. An impossible
 * state is an `AssertionFailure`: a fault of ours, never of the peer.
 */
import { ERRORS, type ErrorCode } from './error-table.ts';

/** Details that an error may carry beside its code. */
export interface ErrorDetails {
  /** Milliseconds after which a new attempt is welcome. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** Common base: every error of Sealane has a code of the table. */
export abstract class SealaneError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;

  /** @param message what failed and why; without it the table's sentence. */
  constructor(code: ErrorCode, message?: string, details: ErrorDetails = {}) {
    super(message ?? ERRORS[code].means, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** The peer broke a rule, or refused something with a code. */
export class ProtocolError extends SealaneError {}

/** The network, or the program at the other end of it, went away or could not be reached. */
export class TransportError extends SealaneError {}

/** The disk or the store refused. */
export class StorageError extends SealaneError {}

/** A setting, a flag or a file of the user is wrong. */
export class ConfigError extends SealaneError {}

/** A state that cannot be: a fault in this program. */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/** Checks what no peer and no caller can make untrue. @throws AssertionFailure when `condition` does not hold. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}
