// Jest transformer: strips types with esbuild, keeps modules as they are. Types are checked by `tsc -b`, not here.
// A worker thread starts from built code where there is some (`build-programs.js`): from sources it takes twice as long.
import { transformSync } from 'esbuild';

/** In a `worker-source.ts`: the file that its worker begins with. */
const WORKER = /new URL\('\.\/([\w-]+)\.ts', import\.meta\.url\)/;

const withBuiltWorker = (source) =>
  `import { pathToFileURL } from 'node:url';\n${source.replace(
    WORKER,
    (sources, name) =>
      `process.env.TEST_PROGRAMS ? pathToFileURL(process.env.TEST_PROGRAMS + '/${name}.cjs') : ${sources}`,
  )}`;

const process = (source, path) =>
  transformSync(path.endsWith('/worker-source.ts') ? withBuiltWorker(source) : source, {
    loader: 'ts',
    format: 'esm',
    target: 'node24',
    sourcefile: path,
    sourcemap: 'inline',
    sourcesContent: false,
  });

export default { process };
