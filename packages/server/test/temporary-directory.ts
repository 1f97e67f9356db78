/** temporaryDirectory: a folder of a test, which has to remove it. Not part of the product. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory that nobody else uses. */
export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'sealane-server-'));
}
