/** Which failures end an agent for good: trying again could not help, or would do harm. */
import { ConfigError, ERRORS, EXIT, SealaneError, StorageError } from '@sealane/shared/errors';

/**
 * Whether no further attempt is made. What came in clear never gets here with a denying code (link/link-end.ts), so a
 * stranger on the way cannot end an agent.
 */
export function isTerminal(error: unknown): boolean {
  if (!(error instanceof SealaneError)) return true;
  if (error instanceof ConfigError || error instanceof StorageError) return true;
  return ERRORS[error.code].exit === EXIT.denied;
}
