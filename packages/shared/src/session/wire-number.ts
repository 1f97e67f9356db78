/** The number under which an error travels (docs/errors.md). */
import { ERRORS, LOCAL_ERROR_NUMBER_MIN, type ErrorCode } from '../errors/index.ts';

/** Number of `code` on the wire. A code that is this program's own affair, and so has none, travels as `E_HANDLER_FAILED`. */
export function wireNumber(code: ErrorCode): number {
  const { number } = ERRORS[code];
  return number < LOCAL_ERROR_NUMBER_MIN ? number : ERRORS.E_HANDLER_FAILED.number;
}
