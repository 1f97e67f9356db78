// Jest transformer: strips types with esbuild, keeps modules as they are. Types are checked by `tsc -b`, not here.
import { transformSync } from 'esbuild';

const process = (source, path) =>
  transformSync(source, {
    loader: 'ts',
    format: 'esm',
    target: 'node24',
    sourcefile: path,
    sourcemap: 'inline',
    sourcesContent: false,
  });

export default { process };
