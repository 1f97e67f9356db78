// Writes the generated files of the workspace; with `--check` it writes nothing and fails when one differs.
import { readFileSync, writeFileSync } from 'node:fs';

/** One generated file: its path from the root of the workspace and its whole text. */
interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** Every generator of the workspace; each returns the files it is responsible for. */
const generators: readonly (() => readonly GeneratedFile[])[] = [];

const readOrEmpty = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

const checkOnly = process.argv.includes('--check');
const changed = generators.flatMap((generate) => generate()).filter((file) => readOrEmpty(file.path) !== file.text);

for (const file of changed) {
  if (checkOnly) console.error(`${file.path}: differs from what the generator writes, run "npm run codegen"`);
  else writeFileSync(file.path, file.text);
}
console.log(`codegen: ${changed.length} ${checkOnly ? 'stale' : 'written'}`);
process.exitCode = checkOnly && changed.length > 0 ? 1 : 0;
