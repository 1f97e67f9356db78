// The layer list, parsed: which package may import which, and which layer of a package which other layers of it.
// Read by the lint rules (import-rules.js) and the boundaries check (boundaries.ts); the list is packages/layers.json.
// Plain JavaScript, because ESLint loads its configuration without type stripping.
import list from '../../../packages/layers.json' with { type: 'json' };

/**
 * @typedef {object} Layer
 * @property {string} name folder `src/<name>/` or file `src/<name>.ts`
 * @property {readonly string[]} imports layers of the same package it may import, itself included
 * @property {boolean} builtins whether it may import Node.js built-ins where the package otherwise may not
 * @property {boolean} testOnly whether only tests and tools may import it
 */

/** Packages whose product code imports no Node.js built-ins, except layers marked `builtins`. */
export const packagesWithoutBuiltins = ['shared'];

/** @type {readonly string[]} */
export const packageNames = Object.keys(list.packages);

/** @type {(packageName: string) => readonly string[]} packages that a package may import, itself included */
export const allowedPackages = (packageName) => {
  const allowed = list.packages[packageName];
  return allowed === '*' ? packageNames : [...allowed, packageName];
};

/**
 * Layers of a package, lowest first; empty when the package has no layer list yet.
 *
 * A plain name imports the plain names before it. An entry with `imports` stands beside the row: it imports what it
 * lists (`"*"`: everything), and no plain name imports it.
 *
 * @type {(packageName: string) => readonly Layer[]}
 */
export const layersOf = (packageName) => {
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
