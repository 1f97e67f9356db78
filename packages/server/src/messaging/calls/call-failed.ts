/** What a caller is told of a call that could not be done: a number, never a detail. */
import { ERRORS, LOCAL_ERROR_NUMBER_MIN, SealaneError, type ErrorCode } from '@sealane/shared/errors';
import type { CallFailed } from '@sealane/shared/packets';
import { CallError } from '../call-error.ts';

/** When a caller may try again after a disk failed. */
const STORAGE_RETRY_MS = 5_000;

/** @throws what is no error of ours: a fault of this program. */
export function callFailed(call: number, error: unknown): CallFailed {
  if (!(error instanceof SealaneError)) throw error;
  const code = codeOf(error.code);
  const retryAfterMs = error.retryAfterMs ?? (code === error.code ? 0 : STORAGE_RETRY_MS);
  return {
    id: 0x5c,
    call,
    code: ERRORS[code].number,
    retryAfterMs,
    epoch: error instanceof CallError ? error.present : 0,
  };
}

/** Local errors do not travel: they are those of the disk here. */
function codeOf(code: ErrorCode): ErrorCode {
  return ERRORS[code].number < LOCAL_ERROR_NUMBER_MIN ? code : 'E_STORE_UNAVAILABLE';
}
