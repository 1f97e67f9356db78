/** What a caller is told of a step that did not happen. */
import { StorageError } from '@sealane/shared/errors';
import { StoreFault } from '../../store/sqlite/fault.ts';

/** When a caller may try again. */
const RETRY_MS = 1_000;

export function refusalOf(cause: unknown): StorageError {
  const isFull = cause instanceof StoreFault && cause.kind === 'full';
  const code = isFull ? 'E_STORE_FULL' : 'E_STORE_UNAVAILABLE';
  return new StorageError(code, cause instanceof Error ? cause.message : String(cause), {
    retryAfterMs: RETRY_MS,
    cause,
  });
}
