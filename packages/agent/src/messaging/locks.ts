/**
 * Locks: what only one process of a data directory does at a time. Port: lock files of a directory, or, where everything
 * is in memory, the process alone.
 */
import { SealaneError } from '@sealane/shared/errors';
import { acquireProcessLock, type ProcessLock } from '@sealane/node/keys';

/** `messages` is held by who takes what comes in, `sending` by who empties the outbox. */
export type LockName = 'messages' | 'sending';

export interface Locks {
  /** Takes the lock. @returns undefined when another holder has it. */
  take(name: LockName): Promise<ProcessLock | undefined>;
}

/** Lock files with the PID of their holder: one whose process is gone is taken over. */
export class DirectoryLocks implements Locks {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async take(name: LockName): Promise<ProcessLock | undefined> {
    try {
      return await acquireProcessLock(this.#directory, { file: `${name}.lock` });
    } catch (error) {
      if (error instanceof SealaneError && error.code === 'E_DATA_IN_USE') return undefined;
      throw error;
    }
  }
}

/** For a device that ends with its process. */
export class MemoryLocks implements Locks {
  readonly #held = new Set<LockName>();

  take(name: LockName): Promise<ProcessLock | undefined> {
    if (this.#held.has(name)) return Promise.resolve(undefined);
    this.#held.add(name);
    return Promise.resolve({ release: () => void this.#held.delete(name) });
  }
}
