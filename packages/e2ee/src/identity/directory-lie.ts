/** The one error of everything that a server must not do to its directory. */
import { ProtocolError } from '@sealane/shared/errors';

/** @param what happened, without names or keys of anybody. */
export function lie(what: string): ProtocolError {
  return new ProtocolError('E_DIRECTORY_LIE', `the directory of the server cannot be trusted: ${what}`);
}
