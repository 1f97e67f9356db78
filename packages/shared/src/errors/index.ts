/** Errors: the table of codes and one class per family. */
export { ERRORS, EXIT, LOCAL_ERROR_NUMBER_MIN, errorByNumber } from './error-table.ts';
export type { Closes, ErrorCode, ErrorRow } from './error-table.ts';
export {
  AssertionFailure,
  ConfigError,
  ProtocolError,
  SealaneError,
  StorageError,
  TransportError,
  assert,
} from './sealane-error.ts';
export type { ErrorDetails } from './sealane-error.ts';
