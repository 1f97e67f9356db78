/**
 * Repeats a transfer that the loss of a connection interrupted, for as long as it gets on (docs/protocols/files.md §7).
 * Each attempt resumes where the last one ended, because the receiver keeps what it has. Connecting is the attempt's.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ERRORS, EXIT, SealaneError } from '@sealane/shared/errors';
import { monotonicNow } from '../transport/index.ts';
import type { TransferProgress } from './transfer.ts';

type OnProgress = (progress: TransferProgress) => void;

/** How long to go on. */
export interface ResumeOptions {
  /** Given up when for this long no byte more came through; default 60,000 ms. */
  readonly stallMs?: number;
  readonly onProgress?: OnProgress;
  /** Makes no further attempt when aborted; the attempt under way ends by itself. */
  readonly signal?: AbortSignal;
  /** Told before each further attempt. */
  readonly onInterrupted?: (error: SealaneError) => void;
}

const STALL_MS_DEFAULT = 60_000;
const DELAY_MS_MIN = 200;
const DELAY_MS_MAX = 5_000;

/**
 * Runs `attempt` until it succeeds. Before the first progress nothing is repeated.
 *
 * @throws what the last attempt threw.
 */
export async function resumeTransfer<Result>(
  attempt: (onProgress: OnProgress) => Promise<Result>,
  options: ResumeOptions = {},
): Promise<Result> {
  const { signal, stallMs = STALL_MS_DEFAULT } = options;
  let [bestBytes, bestAtMs, delayMs] = [-1, monotonicNow(), DELAY_MS_MIN];
  const onProgress: OnProgress = (progress) => {
    if (progress.doneBytes > bestBytes)
      [bestBytes, bestAtMs, delayMs] = [progress.doneBytes, monotonicNow(), DELAY_MS_MIN];
    options.onProgress?.(progress);
  };
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt(onProgress);
    } catch (error) {
      const stalled = bestBytes < 0 || monotonicNow() - bestAtMs >= stallMs;
      if (signal?.aborted === true || stalled || !mayResume(error, attempts)) throw error;
      options.onInterrupted?.(error);
    }
    await sleep(delayMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
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
