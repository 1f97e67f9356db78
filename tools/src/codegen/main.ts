/** Writes the generated files of the workspace. With `--check` it writes nothing, lists what is stale and exits 1. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { optionsOrHelp } from '../options/options-or-help.ts';
import { findStale, generateAll } from './codegen.ts';

const HELP = `Writes the generated files of the workspace: codecs, pages of docs, registry, vectors, OpenAPI.

  npm run codegen              writes what differs from what the generators make
  npm run codegen:check        writes nothing, lists what differs, and exits 1 if anything does`;

const options = optionsOrHelp(HELP, () => {
  const { values } = parseArgs({ options: { check: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
  return values.help === true ? undefined : { checkOnly: values.check === true };
});
if (options !== undefined) await codegen(options);

async function codegen({ checkOnly }: { readonly checkOnly: boolean }): Promise<void> {
  const files = await generateAll();
  const { differing, leftOver } = findStale(files, '.');

  if (checkOnly) {
    for (const { path } of differing)
      console.error(`${path}: differs from what the generator writes, run "npm run codegen"`);
    for (const path of leftOver)
      console.error(`${path}: no generator writes this file any more, run "npm run codegen"`);
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
}
