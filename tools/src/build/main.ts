// Builds one package into its `dist/`: `main.ts NAME`. Declarations come from the `typecheck` target, which ran before.
import { readFileSync, rmSync } from 'node:fs';
import { build } from 'esbuild';
import { copyDeclarations } from './declarations.ts';
import { libraryOptions, programOptions, type Manifest } from './options.ts';

const name = process.argv[2];
if (name === undefined) {
  console.error('usage: tools/src/build/main.ts PACKAGE');
  process.exit(2);
}
const folder = `packages/${name}`;
const manifest = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as Manifest;

rmSync(`${folder}/dist`, { recursive: true, force: true });
await build(libraryOptions(folder, manifest));
if (manifest.bin !== undefined) await build(programOptions(folder, manifest));
copyDeclarations(folder);
