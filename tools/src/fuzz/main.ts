/**
 * `npx nx run tools:fuzz -- --minutes 10`: mutated inputs for every decoder of the workspace (`--help` tells more). What
 * breaks one becomes a file of the corpus, which the tests replay.
 */
import { join } from 'node:path';
import type { FuzzDecoder } from '@sealane/shared/testing';
import { checkWritable, withReport, writeReport } from '../docs/report.ts';
import { exitCodeOf } from '../ending/exit-code.ts';
import { listenForInterruption } from '../ending/interruption.ts';
import { allOrNamed } from '../options/known-options.ts';
import { optionsOrHelp } from '../options/options-or-help.ts';
import { Campaign } from './campaign.ts';
import { decoderModules, loadDecoders, loadNamedDecoders } from './decoder-list.ts';
import { FUZZ_HELP, parseFuzzOptions, type FuzzOptions } from './options.ts';
import { reportLines, reportPage } from './report-text.ts';

const options = optionsOrHelp(FUZZ_HELP, () => withReport(parseFuzzOptions(process.argv.slice(2))));
if (options !== undefined) await fuzz(options);

async function fuzz(options: FuzzOptions): Promise<void> {
  const modules = decoderModules(options.decoders);
  const loaded = await (options.decoders === undefined ? loadDecoders(modules) : loadNamedDecoders(options.decoders));
  const campaign = new Campaign(options, modules, (report) => console.log(reportLines(report)));
  const decoders = optionsOrHelp(FUZZ_HELP, () => {
    if (loaded instanceof TypeError) throw loaded;
    const named = allOrNamed('decoder', loaded, options.decoder);
    checkCorpus(options, named, campaign);
    return named;
  });
  if (decoders === undefined) return;
  if (options.mode === 'list') {
    console.log(decoders.map(({ name }) => name).join('\n'));
    return;
  }
  const interruption = listenForInterruption();
  const reports = await campaign.run(decoders, interruption.signal);
  const interrupted = interruption.signal.aborted;
  if (interrupted) console.log(`Interrupted: ${reports.length} of ${decoders.length} decoders.`);
  const isWritten = await writeReport(options.report, () =>
    reportPage(reports, options, { interrupted, now: new Date() }),
  );
  process.exitCode = exitCodeOf({
    isOk: reports.every(({ crashes }) => crashes.length === 0),
    isWritten,
    interruption,
  });
}

/** @throws TypeError where there is nothing to replay, and where nothing can be kept. */
function checkCorpus({ mode, corpus }: FuzzOptions, decoders: readonly FuzzDecoder[], campaign: Campaign): void {
  if (mode === 'replay' && decoders.every((decoder) => campaign.inputsOf(decoder).length === 0))
    throw new TypeError(
      `--replay found no input of ${decoders.length === 1 ? decoders[0]?.name : 'any decoder'} in ${corpus}`,
    );
  if (mode !== 'replay' && mode !== 'list') checkWritable('corpus', join(corpus, 'crash.bin'));
}
