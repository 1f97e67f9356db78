// esbuild plugin for libraries: takes packages that the workspace patches into the bundle, and leaves the others out.
// Whoever installs the library gets the mended code, and not what was published under the same name.
import { isAbsolute } from 'node:path';
import { type Plugin } from 'esbuild';

/** Packages with a patch in a folder `patches`. */
const patched = ['ts-mls'];

const isPatched = (path: string): boolean => patched.some((name) => path === name || path.startsWith(`${name}/`));

export const patchedPackages: Plugin = {
  name: 'patched-packages',
  setup(build) {
    build.onResolve({ filter: /^[^.]/ }, ({ path, kind }) => {
      if (kind === 'entry-point' || isAbsolute(path) || isPatched(path)) return undefined;
      return { path, external: true };
    });
  },
};
