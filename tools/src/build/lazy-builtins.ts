// esbuild plugin: built-ins of Node.js inside a bundle are loaded when something of them is first used.
//
// Static imports of an ES module are linked before its first line runs. Under an old Node.js a missing built-in
// (`node:sqlite`) or a missing export would then end the program with a stack trace before the version check. And some
// built-ins take longer to load than all of a program does: `node:tls`, which packages import for what few use of them, 40 ms.
import { createRequire, isBuiltin } from 'node:module';
import { type Plugin } from 'esbuild';

const namespace = 'lazy-builtin';
const require = createRequire(import.meta.url);

/** Those that every program has loaded before its first line, and whose functions want it as `this`. */
const loadedAlready = new Set(['node:process', 'node:console']);

/** A CommonJS module with the names of the built-in; the one that is a function itself is loaded at once. */
const lazyModule = (path: string): string => {
  const builtin: unknown = require(path);
  const load = `require(${JSON.stringify(path)})`;
  if (typeof builtin !== 'object' || builtin === null || loadedAlready.has(path)) return `module.exports = ${load};`;
  return `
let loaded;
for (const name of ${JSON.stringify(Object.getOwnPropertyNames(builtin))}) {
  Object.defineProperty(exports, name, { enumerable: true, get: () => (loaded ??= ${load})[name] });
}
`;
};

export const lazyBuiltins: Plugin = {
  name: namespace,
  setup(build) {
    build.onResolve({ filter: /.*/ }, ({ path, kind, namespace: from }) => {
      if (from === namespace || !isBuiltin(path)) return undefined;
      if (kind !== 'import-statement' && kind !== 'require-call') return undefined;
      return { path: path.startsWith('node:') ? path : `node:${path}`, namespace, sideEffects: false };
    });
    build.onLoad({ filter: /.*/, namespace }, ({ path }) => ({ contents: lazyModule(path), loader: 'js' }));
  },
};
