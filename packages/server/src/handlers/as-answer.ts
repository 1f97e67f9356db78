/** What of an error another side is told. */
import { ERRORS, LOCAL_ERROR_NUMBER_MIN, ProtocolError, type ErrorCode } from '@sealane/shared/errors';

/** Codes of this side, such as the end of the connection to the other agent, do not travel. */
export function asAnswer(error: unknown): unknown {
  if (!(error instanceof ProtocolError)) return error;
  return travels(error.code) ? error : new ProtocolError('E_NOT_CONNECTED');
}

/** Whether an answer may have this code. */
export function travels(code: ErrorCode): boolean {
  return ERRORS[code].number < LOCAL_ERROR_NUMBER_MIN && ERRORS[code].closes !== 'connection';
}
