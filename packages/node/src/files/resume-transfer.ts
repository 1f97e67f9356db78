/**
 * Repeats a transfer that the loss of a connection interrupted, for as long as it gets on (docs/protocols/files.md §7).
 * Each attempt resumes where the last one ended, because the receiver keeps what it has.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ERRORS, EXIT, ProtocolError, SealaneError } from '@sealane/shared/errors';
import { monotonicNow } from '../transport/index.ts';
import type { TransferOptions, TransferProgress } from './transfer.ts';

/** How long to go on. */
export interface ResumeOptions {
  /** For everything together; undefined goes on while there is progress. */
  readonly timeoutMs?: number | undefined;
  /** Given up when for this long no byte more came through; default 60,000 ms. */
  readonly stallMs?: number;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told before each further attempt. */
  readonly onInterrupted?: ((error: SealaneError) => void) | undefined;
  /** Whether no connection will be made any more. */
  readonly isOver?: () => boolean;
}

const STALL_MS_DEFAULT = 60_000;
const DELAY_MS_MIN = 200;
const DELAY_MS_MAX = 5_000;

/**
 * Runs `attempt` until it succeeds.
 *
 * @throws what the last attempt threw; ProtocolError `E_TIMEOUT` when the time is over, `E_CANCELLED` when aborted.
 */
export async function resumeTransfer<Result>(
  attempt: (options: TransferOptions) => Promise<Result>,
  options: ResumeOptions = {},
): Promise<Result> {
  const { timeoutMs, stallMs = STALL_MS_DEFAULT } = options;
  const deadline = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([options.signal, deadline].filter((one) => one !== undefined));
  let [bestBytes, bestAtMs, delayMs] = [-1, monotonicNow(), DELAY_MS_MIN];
  const onProgress = (progress: TransferProgress): void => {
    if (progress.doneBytes > bestBytes) [bestBytes, bestAtMs, delayMs] = [progress.doneBytes, monotonicNow(), DELAY_MS_MIN];
    options.onProgress?.(progress);
  };
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt({ onProgress, signal });
    } catch (error) {
      if (deadline?.aborted === true) throw new ProtocolError('E_TIMEOUT', 'The transfer took too long', { cause: error });
      const stalled = monotonicNow() - bestAtMs >= stallMs;
      if (signal.aborted || stalled || options.isOver?.() === true || !mayResume(error, attempts)) throw error;
      options.onInterrupted?.(error);
    }
    await sleep(delayMs, undefined, { signal }).catch(() => undefined);
    delayMs = Math.min(delayMs * 2, DELAY_MS_MAX);
  }
}

/** A lost connection; after one, also a peer that has not yet noticed it, or has too much to do. */
function mayResume(error: unknown, attempts: number): error is SealaneError {
  if (!(error instanceof SealaneError)) return false;
  const { exit, closes } = ERRORS[error.code];
  if (closes === 'command') return false;
  return exit === EXIT.unreachable || (attempts > 1 && exit === EXIT.tryAgain);
}
