/** A folder for one run of a tool, which is gone when the tool is. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atExit } from './at-exit.ts';

export interface TemporaryFolder {
  readonly path: string;
  /** At the latest the end of this process does so. */
  readonly remove: () => void;
}

/** A program that was killed a moment ago may still write into it. */
const TRIES = { maxRetries: 20, retryDelay: 20 };

/** @param prefix of its name. */
export function temporaryFolder(prefix: string, under: string = tmpdir()): TemporaryFolder {
  const path = mkdtempSync(join(under, prefix));
  return { path, remove: atExit(() => rmSync(path, { recursive: true, force: true, ...TRIES })) };
}
