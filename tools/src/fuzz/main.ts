/**
 * `npx nx run tools:fuzz -- --minutes 10`: mutated inputs for every decoder of the workspace (`--help` tells more). What
 * breaks one becomes a file of the corpus, which the tests replay.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { suggest } from '@sealane/node/config';
import type { FuzzDecoder } from '@sealane/shared/testing';
import { format } from 'prettier';
import { Campaign } from './campaign.ts';
import { decoderModules, loadDecoders } from './decoder-list.ts';
import { FUZZ_HELP, parseFuzzOptions, type FuzzOptions } from './options.ts';
import { reportLines, reportPage } from './report-text.ts';

const EXIT_CRASH = 1;
const EXIT_USAGE = 2;

try {
  const options = parseFuzzOptions(process.argv.slice(2));
  if (options === undefined) console.log(FUZZ_HELP);
  else process.exitCode = await fuzz(options);
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message}\n\n${FUZZ_HELP}`);
  process.exitCode = EXIT_USAGE;
}

async function fuzz(options: FuzzOptions): Promise<number> {
  const modules = decoderModules(options.decoders);
  const decoders = chosen(await loadDecoders(modules), options.decoder);
  if (options.mode === 'list') {
    console.log(decoders.map(({ name }) => name).join('\n'));
    return 0;
  }
  const campaign = new Campaign(options, modules, (report) => console.log(reportLines(report)));
  const reports = await campaign.run(decoders);
  if (options.report !== undefined) {
    mkdirSync(dirname(options.report), { recursive: true });
    writeFileSync(
      options.report,
      await format(reportPage(reports, options, new Date()), { parser: 'markdown', printWidth: 120 }),
    );
  }
  return reports.some(({ crashes }) => crashes.length > 0) ? EXIT_CRASH : 0;
}

/** @throws TypeError for a name that no decoder has. */
function chosen(decoders: readonly FuzzDecoder[], name: string | undefined): readonly FuzzDecoder[] {
  if (name === undefined) return decoders;
  const found = decoders.filter((decoder) => decoder.name === name);
  if (found.length > 0) return found;
  const meant = suggest(
    name,
    decoders.map((decoder) => decoder.name),
  );
  throw new TypeError(`There is no decoder "${name}"${meant === undefined ? '' : `: did you mean ${meant}?`}`);
}
