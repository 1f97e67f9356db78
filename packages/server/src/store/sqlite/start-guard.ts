/**
 * StartGuard: two small files beside a store. One says which process has it open; the other counts starts that did not
 * come to their end, and after some of them refuses the next one instead of trying for ever (fault S9). No file of the
 * store is touched by it.
 */
import { readFileSync, rmSync } from 'node:fs';
import { explained } from '@sealane/node/config';
import { writeFileAtomic } from '@sealane/node/keys';
import { ConfigError, StorageError } from '@sealane/shared/errors';

/** Starts that may fail one after the other. */
const FAILED_STARTS_MAX = 5;
/** Failures that are older do not count. */
const FAILURE_AGE_MS_MAX = 3_600_000;

export class StartGuard {
  readonly #starts: string;
  readonly #holder: string;
  #isHeld = false;

  private constructor(file: string) {
    this.#starts = `${file}.starts`;
    this.#holder = `${file}.pid`;
  }

  /** Counts a start. @throws ConfigError `E_DATA` when too many have failed. */
  static enter(file: string): StartGuard {
    const guard = new StartGuard(file);
    const [count = 0, lastAt = 0] = numbersIn(guard.#starts);
    const failed = Date.now() - lastAt > FAILURE_AGE_MS_MAX ? 0 : count;
    if (failed >= FAILED_STARTS_MAX) throw tooManyStarts(file, guard.#starts, failed);
    note(guard.#starts, `${failed + 1} ${Date.now()}\n`);
    return guard;
  }

  /** The start came to an end that was not a crash. */
  leave(): void {
    rmSync(this.#starts, { force: true });
  }

  /** This process has the store from now on. */
  hold(): void {
    this.#isHeld = true;
    note(this.#holder, `${process.pid}\n`);
  }

  /** It has it no more. */
  free(): void {
    if (this.#isHeld) rmSync(this.#holder, { force: true });
    this.#isHeld = false;
  }

  /** PID of who has it. */
  holder(): number | undefined {
    return numbersIn(this.#holder)[0];
  }
}

/** Not on a full disk: the store can be opened there, and has to be. */
function note(file: string, text: string): void {
  try {
    writeFileAtomic(file, text);
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== 'E_DISK_FULL') throw error;
  }
}

function numbersIn(file: string): readonly number[] {
  try {
    const numbers = readFileSync(file, 'utf8').trim().split(' ').map(Number);
    return numbers.filter(Number.isSafeInteger);
  } catch {
    return [];
  }
}

function tooManyStarts(file: string, starts: string, failed: number): ConfigError {
  const error = new ConfigError('E_DATA', `The last ${failed} starts with the store ${file} did not come to their end`);
  return explained(error, {
    next: `Run \`sealane-server doctor\`, then \`sealane-server restore BACKUP\`, or remove ${starts} to try again. The store was not changed.`,
  });
}
