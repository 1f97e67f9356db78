/** Errors of the disk as what this side reports and what the peer is told (docs/protocols/files.md §6, fault F5). */
import {
  ERRORS,
  LOCAL_ERROR_NUMBER_MIN,
  ProtocolError,
  SealaneError,
  StorageError,
  type ErrorCode,
} from '@sealane/shared/errors';
import { explained } from '../config/index.ts';

/**
 * An error of the system as one of Sealane; others are returned as they are.
 *
 * @param what the act that failed, for people on this side.
 */
export function storageFault(what: string, error: unknown): unknown {
  if (error instanceof SealaneError) return error;
  const code = systemCode(error);
  if (code === undefined) return error;
  return new StorageError(storageCodes.get(code) ?? 'E_STORAGE', `${what}: ${code}`, { cause: error });
}

/** The code that a stream is reset with because of `error`: local ones stay here. */
export function codeForPeer(error: unknown): ErrorCode {
  if (!(error instanceof SealaneError)) return 'E_HANDLER_FAILED';
  return ERRORS[error.code].number < LOCAL_ERROR_NUMBER_MIN ? error.code : 'E_HANDLER_FAILED';
}

/**
 * What the sender of a file makes of the receiver's reset: where its handler failed, it could not store the file (§6). Others
 * are returned as they are.
 */
export function receiverFault(error: unknown): unknown {
  if (!(error instanceof ProtocolError) || error.code !== 'E_HANDLER_FAILED') return error;
  const message = 'The receiver cannot store files now; its log says why';
  return explained(new ProtocolError('E_STORAGE', message, { cause: error }), {
    why: 'Its directory for files cannot be used, or its disk fails.',
    next: 'Ask its operator, then start the same command again; it resumes.',
  });
}

/** `ENOSPC` and the like, or undefined for what is no error of the system. */
export function systemCode(error: unknown): string | undefined {
  // Not `instanceof Error`: system errors come from another realm than code that runs in a vm context.
  const isSystemError = typeof error === 'object' && error !== null && 'syscall' in error && 'code' in error;
  return isSystemError ? String(error.code) : undefined;
}

const storageCodes = new Map<string, ErrorCode>([
  ['ENOSPC', 'E_DISK_FULL'],
  ['EDQUOT', 'E_DISK_FULL'],
  ['EFBIG', 'E_FILE_TOO_LARGE'],
]);
