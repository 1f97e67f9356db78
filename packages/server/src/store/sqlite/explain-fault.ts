/** What went wrong with a store file, in words that say what to do. */
import { explained } from '@sealane/node/config';
import { ConfigError, StorageError } from '@sealane/shared/errors';
import { StoreFault } from './fault.ts';

export interface FaultPlace {
  readonly file: string;
  /** PID of the process that holds it, where it is known. */
  readonly holder: number | undefined;
}

/** @returns the error to throw. */
export function explainFault(cause: unknown, { file, holder }: FaultPlace): Error {
  const { kind, message } = cause instanceof StoreFault ? cause : { kind: 'failed', message: String(cause) };
  switch (kind) {
    case 'busy': {
      const who = holder === undefined ? 'another process' : `process ${holder}`;
      return explained(new ConfigError('E_DATA_IN_USE', `The store ${file} is in use by ${who}`, { cause }), {
        next: holder === undefined ? undefined : `End it first (kill ${holder}), or choose another --store.`,
      });
    }
    case 'damaged':
      return unusable(file, `is damaged: ${message}`, cause, keepAndRestore(file));
    case 'foreign':
      return unusable(
        file,
        `is not a store: ${message}`,
        cause,
        'Choose another path with --store; nothing was changed.',
      );
    case 'missing':
      return unusable(file, `was moved or removed: ${message}`, cause, keepAndRestore(file));
    case 'newer':
      return unusable(file, `was written by a newer version: ${message}`, cause, 'Use that version, or a newer one.');
    case 'exists':
      return new StorageError('E_STORAGE', message, { cause });
    case 'denied':
      return explained(new StorageError('E_STORAGE', `Cannot open the store ${file}: ${message}`, { cause }), {
        next: 'Check that its folder exists and that this user may write the file and the folder.',
      });
    case 'full':
      return explained(new StorageError('E_DISK_FULL', `There is no room for the store ${file}`, { cause }), {
        next: 'Make room on the disk and start again.',
      });
    default:
      return new StorageError('E_STORAGE', `The store ${file} failed: ${message}`, { cause });
  }
}

function unusable(file: string, what: string, cause: unknown, next: string): ConfigError {
  return explained(new ConfigError('E_DATA', `The store ${file} ${what}`, { cause }), { next });
}

function keepAndRestore(file: string): string {
  return `Keep ${file}, and put a backup in its place with \`sealane-server restore BACKUP\`.`;
}
