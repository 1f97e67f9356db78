/** Paths that begin like a text, for completion; `~` is the home directory. */
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';

const NAMES_MAX = 1_000;

/** Directories end with a slash; what cannot be read has nothing in it. */
export async function pathWords(begun: string, cwd: string): Promise<readonly string[]> {
  const slash = begun.lastIndexOf('/');
  const shown = begun.slice(0, slash + 1);
  const name = begun.slice(slash + 1);
  try {
    const entries = await readdir(pathOf(shown === '' ? '.' : shown, cwd), { withFileTypes: true });
    return entries
      .filter((entry) => entry.name.startsWith(name) && (name.startsWith('.') || !entry.name.startsWith('.')))
      .slice(0, NAMES_MAX)
      .map((entry) => `${shown}${entry.name}${entry.isDirectory() ? '/' : ''}`)
      .sort();
  } catch {
    return [];
  }
}

/** The absolute path of what was typed; quotes around it are a shell's or a file manager's, not its own. */
export function pathOf(text: string, cwd: string): string {
  const typed = /^(?<quote>['"])(?<inner>.+)\k<quote>$/su.exec(text)?.groups?.['inner'] ?? text;
  const path = /^~(?=\/|$)/.test(typed) ? join(homedir(), typed.slice(1)) : typed;
  return isAbsolute(path) ? path : resolve(cwd, path);
}

/** Whether it is typed as a directory. */
export function isDirectoryPath(typed: string): boolean {
  return typed === '~' || typed.endsWith('/') || /(^|\/)\.{1,2}$/.test(typed) || dirname(typed) === typed;
}
