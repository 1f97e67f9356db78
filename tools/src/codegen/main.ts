/** Writes the generated files of the workspace. With `--check` it writes nothing, lists what is stale and exits 1. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { findStale, generateAll } from './codegen.ts';

const [word, ...more] = process.argv.slice(2);
const checkOnly = word === '--check';
if ((word !== undefined && !checkOnly) || more.length > 0) {
  console.error('usage: npm run codegen, or npm run codegen:check to list what is stale');
  process.exit(2);
}
const files = await generateAll();
const { differing, leftOver } = findStale(files, '.');

if (checkOnly) {
  for (const { path } of differing)
    console.error(`${path}: differs from what the generator writes, run "npm run codegen"`);
  for (const path of leftOver) console.error(`${path}: no generator writes this file any more, run "npm run codegen"`);
} else {
  for (const { path, text } of differing) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  for (const path of leftOver) rmSync(path);
}

const stale = differing.length + leftOver.length;
console.log(`codegen: ${files.length} files, ${stale} ${checkOnly ? 'stale' : 'written or removed'}`);
process.exitCode = checkOnly && stale > 0 ? 1 : 0;
