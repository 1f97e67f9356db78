// esbuild options of the two kinds of output: a library with one file per exported entry, and a single-file program.
import { readFileSync } from 'node:fs';
import { type BuildOptions } from 'esbuild';
import { embeddedWorker } from './embedded-worker.ts';
import { lazyBuiltins } from './lazy-builtins.ts';
import { lazyPackages } from './lazy-packages.ts';
import { patchedPackages } from './patched-packages.ts';

/** What the build reads of a package.json. */
export interface Manifest {
  readonly version: string;
  readonly bin?: Record<string, string>;
  readonly exports: Record<string, string | { '@sealane/source': string }>;
}

const common = (manifest: Manifest): BuildOptions => ({
  bundle: true,
  platform: 'node',
  format: 'esm',
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'warning',
  define: { __SEALANE_VERSION__: JSON.stringify(manifest.version) },
});

/** Library: each exported entry becomes a file of the same path under `dist/`; other packages stay imports. */
export const libraryOptions = (folder: string, manifest: Manifest): BuildOptions => ({
  ...common(manifest),
  entryPoints: Object.values(manifest.exports)
    .filter((entry) => typeof entry === 'object')
    .map((entry) => `${folder}/${entry['@sealane/source']}`),
  outbase: `${folder}/src`,
  outdir: `${folder}/dist`,
  splitting: true,
  chunkNames: 'chunks/[hash]',
  target: 'node24',
  plugins: [embeddedWorker, patchedPackages],
});

// Stands below the `#!` line, which esbuild takes from `src/main.ts`. The version check is the file that `node --import`
// runs for sources, taken in as text.
const banner = [
  "import { createRequire as __createRequire } from 'node:module';",
  readFileSync('packages/node/src/require-node.js', 'utf8').replace(/^\/\/.*\n/gm, ''),
  'const require = __createRequire(import.meta.url);',
].join('\n');

/**
 * Program: one file with everything in it. Its syntax and its one static import suit old versions of Node.js too, so
 * that they reach the version check of the banner instead of failing to parse or link; see lazy-builtins.ts.
 */
export const programOptions = (folder: string, manifest: Manifest): BuildOptions => ({
  ...common(manifest),
  // Packages leave out what is for their own development: of winston it takes longer to load than winston.
  define: { ...common(manifest).define, 'process.env.NODE_ENV': '"production"' },
  entryPoints: [`${folder}/src/main.ts`],
  outfile: `${folder}/dist/main.js`,
  conditions: ['@sealane/source'],
  // The same without its optional native speed-up, which takes a start longer to find than it saves, and would read what peers send.
  alias: { msgpackr: 'msgpackr/pack' },
  minifySyntax: true,
  minifyWhitespace: true,
  target: 'node18',
  banner: { js: banner },
  plugins: [embeddedWorker, lazyPackages, lazyBuiltins],
});
