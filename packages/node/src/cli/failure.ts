/** What a command says when it fails: any error as code, exit code and the four parts (what, why, next, code). */
import { escapeText } from '@sealane/shared/bytes';
import { ERRORS, SealaneError, type ErrorCode } from '@sealane/shared/errors';
import { explanationOf } from '../config/index.ts';
import { isError, type Paint } from '../log/index.ts';

/** A failed command. */
export interface Failure {
  readonly code: ErrorCode;
  readonly exit: number;
  /** What failed, one line, safe to show. */
  readonly message: string;
  readonly why: string | undefined;
  readonly next: string;
  readonly stack: string | undefined;
}

/** Codes for errors of the system that arrive as they are. */
const systemCodes = new Map<string, ErrorCode>([
  ['EADDRINUSE', 'E_PORT_BUSY'],
  ['EADDRNOTAVAIL', 'E_CONFIG'],
  ['ECONNREFUSED', 'E_UNREACHABLE'],
  ['ECONNRESET', 'E_UNREACHABLE'],
  ['EHOSTUNREACH', 'E_UNREACHABLE'],
  ['ENETUNREACH', 'E_UNREACHABLE'],
  ['ETIMEDOUT', 'E_UNREACHABLE'],
  ['ENOTFOUND', 'E_ADDRESS'],
  ['EAI_AGAIN', 'E_ADDRESS'],
  ['ENOSPC', 'E_DISK_FULL'],
  ['EDQUOT', 'E_DISK_FULL'],
  ['EIO', 'E_STORAGE'],
  ['EROFS', 'E_STORAGE'],
  ['EACCES', 'E_STORAGE'],
  ['EPERM', 'E_STORAGE'],
  ['ENOENT', 'E_STORAGE'],
  ['EISDIR', 'E_STORAGE'],
  ['ENOTDIR', 'E_STORAGE'],
  ['EMFILE', 'E_STORAGE'],
]);

/** The failure an error stands for. An error without a code is a fault of ours. */
export function failureOf(error: unknown): Failure {
  const code = codeOf(error);
  const row = ERRORS[code];
  const message = isError(error) && error.message !== '' ? error.message : String(error);
  const { why, next } = explanationOf(error);
  const cause = isError(error) && isError(error.cause) ? error.cause.message : undefined;
  const reason = why ?? cause ?? row.means;
  return {
    code,
    exit: row.exit,
    message: escapeText(code === 'E_INTERNAL' ? `Unexpected fault: ${message}` : message),
    why: reason === message ? undefined : escapeText(reason),
    next: escapeText(next ?? row.next),
    stack: isError(error) ? error.stack : undefined,
  };
}

/** The last line of stdout of a failed command with --json. */
export function failureRecord({ code, message }: Failure): { event: 'error'; code: string; message: string } {
  return { event: 'error', code, message };
}

/** The four parts for a person, several lines; with the stack only for --debug. */
export function showFailure(failure: Failure, program: string, options: { paint: Paint; debug: boolean }): string {
  const { paint } = options;
  const lines = [`${paint('red', 'Error:')} ${failure.message}`];
  if (failure.why !== undefined) lines.push(`${paint('bold', 'Why:  ')} ${failure.why}`);
  lines.push(`${paint('bold', 'Next: ')} ${failure.next}`);
  lines.push(
    `${paint('bold', 'Code: ')} ${failure.code} ${paint('dim', `(${program} errors explain ${failure.code})`)}`,
  );
  if (options.debug && failure.stack !== undefined) lines.push(failure.stack);
  return lines.join('\n');
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof SealaneError) return error.code;
  const code = isError(error) && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return (code === undefined ? undefined : systemCodes.get(code)) ?? 'E_INTERNAL';
}
