/** Preload: takes `ts-mls` from the folder that the environment variable TS_MLS_COPY names. */
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = process.env['TS_MLS_COPY'] ?? '';

registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== 'ts-mls' && !specifier.startsWith('ts-mls/')) return next(specifier, context);
    const name = specifier === 'ts-mls' ? 'index.js' : specifier.slice('ts-mls/'.length);
    return { url: pathToFileURL(join(folder, 'dist/src', name)).href, shortCircuit: true };
  },
});
