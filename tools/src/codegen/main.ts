/**
 * Writes the generated files of the workspace. With `--check` it writes nothing, lists what is stale and exits 1.
 *
 * Each generator returns whole files; a folder that belongs to a generator holds nothing else, so that the page of a
 * packet that is gone is stale too.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { generateCodecs } from './codecs.ts';
import type { GeneratedFile } from './generated-file.ts';
import { generateVectors } from './vectors.ts';

/** Every generator of the workspace; each returns the files it is responsible for. */
const generators: readonly (() => Promise<readonly GeneratedFile[]>)[] = [generateCodecs, generateVectors];

const checkOnly = process.argv.includes('--check');
const files = (await Promise.all(generators.map((generate) => generate()))).flat();
const stale = files.filter((file) => readOrEmpty(file.path) !== file.text);

for (const file of stale) {
  if (checkOnly) {
    console.error(`${file.path}: differs from what the generator writes, run "npm run codegen"`);
    continue;
  }
  mkdirSync(dirname(file.path), { recursive: true });
  writeFileSync(file.path, file.text);
}
console.log(`codegen: ${files.length} files, ${stale.length} ${checkOnly ? 'stale' : 'written'}`);
process.exitCode = checkOnly && stale.length > 0 ? 1 : 0;

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
