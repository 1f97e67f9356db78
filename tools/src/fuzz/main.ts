/**
 * `npx nx run tools:fuzz -- --minutes 10`: mutated inputs for every decoder of the workspace (`--help` tells more). What
 * breaks one becomes a file of the corpus, which the tests replay.
 */
import { writePage } from '../docs/write-page.ts';
import { allOrNamed } from '../options/known-options.ts';
import { optionsOrHelp } from '../options/options-or-help.ts';
import { Campaign } from './campaign.ts';
import { decoderModules, loadDecoders } from './decoder-list.ts';
import { FUZZ_HELP, parseFuzzOptions, type FuzzOptions } from './options.ts';
import { reportLines, reportPage } from './report-text.ts';

const EXIT_CRASH = 1;

const options = optionsOrHelp(FUZZ_HELP, () => parseFuzzOptions(process.argv.slice(2)));
if (options !== undefined) await fuzz(options);

async function fuzz(options: FuzzOptions): Promise<void> {
  const modules = decoderModules(options.decoders);
  const all = await loadDecoders(modules);
  const campaign = new Campaign(options, modules, (report) => console.log(reportLines(report)));
  const decoders = optionsOrHelp(FUZZ_HELP, () => {
    const named = allOrNamed('decoder', all, options.decoder);
    if (options.file !== undefined) named.forEach((decoder) => campaign.inputsOf(decoder));
    return named;
  });
  if (decoders === undefined) return;
  if (options.mode === 'list') {
    console.log(decoders.map(({ name }) => name).join('\n'));
    return;
  }
  const reports = await campaign.run(decoders);
  if (options.report !== undefined) await writePage(options.report, reportPage(reports, options, new Date()));
  if (reports.some(({ crashes }) => crashes.length > 0)) process.exitCode = EXIT_CRASH;
}
