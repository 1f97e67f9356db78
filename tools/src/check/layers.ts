// The layer list, parsed: which package may import which, and which layer of a package which other layers of it.
// The list is packages/layers.json; the lint rules (import-rules.ts) and the boundaries check read it through here.
import { readFileSync } from 'node:fs';

/** A layer of a package: the folder `src/<name>/` or the file `src/<name>.ts`. */
export interface Layer {
  readonly name: string;
  /** Layers of the same package it may import, itself included. */
  readonly imports: readonly string[];
  /** Whether it may import Node.js built-ins where its package otherwise may not. */
  readonly builtins: boolean;
  /** Whether only tests and tools may import it. */
  readonly testOnly: boolean;
}

type Entry = string | { name: string; imports: readonly string[] | '*'; builtins?: boolean; testOnly?: boolean };

interface List {
  packages: Record<string, readonly string[] | '*'>;
  layers: Record<string, readonly Entry[]>;
}

const list = JSON.parse(readFileSync(new URL('../../../packages/layers.json', import.meta.url), 'utf8')) as List;

/** Packages whose product code imports no Node.js built-ins, except layers marked `builtins`. */
export const packagesWithoutBuiltins: readonly string[] = ['shared', 'e2ee'];

export const packageNames: readonly string[] = Object.keys(list.packages);

/** Folder of a package, from the root of the workspace. */
export const rootOf = (packageName: string): string => (packageName === 'tools' ? 'tools' : `packages/${packageName}`);

/** Packages that a package may import, itself included. */
export const allowedPackages = (packageName: string): readonly string[] => {
  const allowed = list.packages[packageName] ?? [];
  return allowed === '*' ? packageNames : [...allowed, packageName];
};

/**
 * Layers of a package, lowest first; empty when the package has no layer list yet.
 *
 * A plain name imports the plain names before it. An entry with `imports` stands beside the row: it imports what it
 * lists (`"*"`: everything), and no plain name imports it.
 */
export const layersOf = (packageName: string): readonly Layer[] => {
  const entries = list.layers[packageName] ?? [];
  const names = entries.map((entry) => (typeof entry === 'string' ? entry : entry.name));
  return entries.map((entry, index) => {
    if (typeof entry === 'string') {
      const below = entries.slice(0, index).filter((other) => typeof other === 'string');
      return { name: entry, imports: [...below, entry], builtins: false, testOnly: false };
    }
    return {
      name: entry.name,
      imports: entry.imports === '*' ? names : [...entry.imports, entry.name],
      builtins: entry.builtins ?? entry.imports === '*',
      testOnly: entry.testOnly ?? false,
    };
  });
};
