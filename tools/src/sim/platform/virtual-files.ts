/**
 * VirtualFiles: the disks of a world, as programs reach them: folders, and SQLite databases in memory that outlive whoever
 * has them open. A transaction that was committed is safe; one that was not never happened. Not a file system: only what
 * agents use is there, and only below `ROOT`.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Process } from '../world/process.ts';

/** Everything below is virtual. */
export const ROOT = '/sim-disk/';

/** What a disk does wrong at present. */
export type DiskTrouble = 'none' | 'full' | 'broken';

/** A database on a disk. */
export interface DatabaseFile {
  readonly database: DatabaseSync;
  readonly statements: Map<string, StatementSync>;
  /** Who has locked it for itself. */
  owner: Process | undefined;
  writes: number;
}

function notThere(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file, '${path}'`), { code: 'ENOENT' });
}

export class VirtualFiles {
  readonly databases = new Map<string, DatabaseFile>();
  /** How long the disk of an agent takes for a transaction, and what it does wrong. */
  delayMs: (agent: string) => number = () => 0;
  trouble: (agent: string) => DiskTrouble = () => 'none';
  /** The root is there from the start. */
  readonly #folders = new Set<string>([ROOT.slice(0, -1)]);

  /** The database of a path, made where it is new. */
  open(path: string): DatabaseFile {
    let file = this.databases.get(path);
    if (file === undefined) {
      file = { database: new DatabaseSync(':memory:'), statements: new Map(), owner: undefined, writes: 0 };
      this.databases.set(path, file);
    }
    return file;
  }

  /** It is gone, as if it had never been. */
  forget(path: string): void {
    if (this.databases.get(path)?.owner?.isAlive !== true) this.databases.delete(path);
  }

  close(): void {
    for (const { database } of this.databases.values()) database.close();
    this.databases.clear();
  }

  makeFolder(path: string): void {
    this.#folders.add(path);
  }

  exists(path: string): boolean {
    return this.#folders.has(path) || this.databases.has(path);
  }

  list(folder: string): string[] {
    const start = `${folder}/`;
    return [...this.databases.keys()].filter((path) => path.startsWith(start)).map((path) => path.slice(start.length));
  }

  /** As `statSync`. */
  stat(path: string, options: unknown): object | undefined {
    const file = this.databases.get(path);
    const isFolder = this.#folders.has(path);
    if (file === undefined && !isFolder) {
      if ((options as { throwIfNoEntry?: boolean } | undefined)?.throwIfNoEntry === false) return undefined;
      throw notThere(path);
    }
    const uid = process.getuid?.() ?? 0;
    return { uid, mode: 0o700, size: file?.writes ?? 0, mtimeMs: file?.writes ?? 0, isDirectory: () => isFolder };
  }
}
