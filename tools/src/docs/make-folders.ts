/** Makes a folder, and those above it that are missing. Not with `recursive`: below /proc, that of Node.js never ends. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** @param made gets those that were not there, the outermost first. @throws Error of the system. */
export function makeFolders(folder: string, made: string[] = []): void {
  const missing: string[] = [];
  for (let each = resolve(folder); !existsSync(each); each = dirname(each)) missing.unshift(each);
  for (const each of missing) {
    mkdirSync(each);
    made.push(each);
  }
}
