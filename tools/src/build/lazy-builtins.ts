// esbuild plugin: turns static imports of Node.js built-ins into `require` calls inside the bundle.
//
// Static imports of an ES module are linked before its first line runs. Under an old Node.js a missing built-in
// (`node:sqlite`) or a missing export would then end the program with a stack trace before the version check.
import { isBuiltin } from 'node:module';
import { type Plugin } from 'esbuild';

const namespace = 'lazy-builtin';

export const lazyBuiltins: Plugin = {
  name: namespace,
  setup(build) {
    build.onResolve({ filter: /.*/ }, ({ path, kind, namespace: from }) => {
      if (kind !== 'import-statement' || from === namespace || !isBuiltin(path)) return undefined;
      return { path, namespace, sideEffects: false };
    });
    build.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
      loader: 'js',
    }));
  },
};
