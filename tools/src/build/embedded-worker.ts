// esbuild plugin: puts the code of a worker thread into the bundle, as text. A module `worker-source.ts` names the file of
// its worker, which source runs use; here its code takes the place of that, so that one file is all that is needed.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build as bundle, type Plugin } from 'esbuild';

/** File beside `worker-source.ts` that the worker begins with. */
const workerFile = /new URL\('(\.\/[\w-]+\.ts)', import\.meta\.url\)/;

/** The code of a worker, whole. */
export const bundleWorker = async (file: string): Promise<string> => {
  const result = await bundle({
    entryPoints: [file],
    bundle: true,
    write: false,
    platform: 'node',
    // Code that a worker gets as text is a script.
    format: 'cjs',
    target: 'node24',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  return result.outputFiles[0]?.text ?? '';
};

export const embeddedWorker: Plugin = {
  name: 'embedded-worker',
  setup(build) {
    build.onLoad({ filter: /[\\/]worker-source\.ts$/ }, async ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const file = workerFile.exec(source)?.[1];
      if (file === undefined) return { errors: [{ text: `${path} names no worker` }] };
      const code = JSON.stringify(await bundleWorker(join(dirname(path), file)));
      return { contents: source.replace(/\{ file: new URL\(.*\) \}/, () => `{ code: ${code} }`), loader: 'ts' };
    });
  },
};
