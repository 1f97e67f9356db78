/** The exit code of a tool that has done its work, or some of it. */
import type { Interruption } from './interruption.ts';

export const EXIT_FAILED = 1;
export const EXIT_STORAGE = 74;

export interface Outcome {
  /** Whether nothing that the tool looks for was found. */
  readonly isOk: boolean;
  /** Whether the report is where it was asked for. */
  readonly isWritten: boolean;
  /** Of a tool that can be interrupted. */
  readonly interruption?: Pick<Interruption, 'exitCode'>;
}

/** What was found counts most, also of what was interrupted. */
export function exitCodeOf({ isOk, isWritten, interruption }: Outcome): number {
  if (!isOk) return EXIT_FAILED;
  return isWritten ? (interruption?.exitCode ?? 0) : EXIT_STORAGE;
}
