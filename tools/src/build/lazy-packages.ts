// esbuild plugin: keeps packages that a program needs late, or not in every run, packed inside the bundle. Node.js reads the
// whole of a program before its first line runs, and every megabyte of it costs the start some 15 ms. What is packed is
// unpacked and compiled when it is first asked for, so such a package has to be imported behind an `import()`.
import { brotliCompressSync, constants } from 'node:zlib';
import { build as bundle, type Plugin } from 'esbuild';
import { lazyBuiltins } from './lazy-builtins.ts';

/** The HTTP framework and the metrics of the admin port, and the client of Redis. */
const packages = ['fastify', '@fastify/swagger', 'prom-client', 'redis'];

/** The two above it take twenty times as long, and save a twentieth of the size. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };

const namespace = 'lazy-package';

const bundlePackage = async (name: string): Promise<string> => {
  const result = await bundle({
    stdin: { contents: `module.exports = require(${JSON.stringify(name)});`, resolveDir: process.cwd() },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [lazyBuiltins],
  });
  return result.outputFiles[0]?.text ?? '';
};

/** A CommonJS module that unpacks and compiles the code, and takes over what it exports. */
const lazyModule = (name: string, code: string): string => `
const { compileFunction } = require('node:vm');
const { brotliDecompressSync } = require('node:zlib');
const code = brotliDecompressSync(Buffer.from('${brotliCompressSync(code, BROTLI).toString('base64')}', 'base64')).toString();
const parameters = ['module', 'exports', 'require', '__filename', '__dirname'];
const load = compileFunction(code, parameters, { filename: ${JSON.stringify(name)} });
load(module, module.exports, require, '', '');
`;

export const lazyPackages: Plugin = {
  name: namespace,
  setup(build) {
    build.onResolve({ filter: /^[@\w]/ }, ({ path }) => (packages.includes(path) ? { path, namespace } : undefined));
    build.onLoad({ filter: /.*/, namespace }, async ({ path }) => ({
      contents: lazyModule(path, await bundlePackage(path)),
      loader: 'js',
    }));
  },
};
