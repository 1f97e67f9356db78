/** CallError: a call that could not be done, with what Call Failed says beside its code (docs/protocols/messaging.md §1). */
import { ProtocolError, type ErrorCode } from '@sealane/shared/errors';

export class CallError extends ProtocolError {
  /** The present epoch after `E_STALE_EPOCH`, the bytes that are stored after `E_BLOB_OFFSET`; else 0. */
  readonly present: number;

  constructor(code: ErrorCode, details: { readonly retryAfterMs?: number; readonly present?: number } = {}) {
    const { retryAfterMs, present = 0 } = details;
    super(code, undefined, retryAfterMs === undefined ? {} : { retryAfterMs });
    this.present = present;
  }
}
