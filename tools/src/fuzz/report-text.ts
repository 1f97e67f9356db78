/** What a campaign came to, as lines of a terminal and as a page. */
import { cpus, platform } from 'node:os';
import type { DecoderReport } from './campaign.ts';
import type { FuzzOptions } from './options.ts';

/** One decoder, one line; each crash with how to see it again. */
export function reportLines({ decoder, tried, found, crashes, slowestMs }: DecoderReport): string {
  const name = decoder.padEnd(30);
  const line = `${name} ${String(tried).padStart(9)} inputs ${String(found).padStart(5)} new, slowest ${slowestMs.toFixed(1)} ms`;
  const told = crashes.map(({ kind, message, file }) => {
    const shown = message.split('\n').slice(0, 6).join('\n    ');
    const replay = `npx nx run tools:fuzz -- --replay --decoder ${decoder} --file ${file}`;
    return `  ${kind}: ${shown}\n  replay: ${replay}`;
  });
  return [line, ...told].join('\n');
}

/** @param now for the date. */
export function reportPage(
  reports: readonly DecoderReport[],
  options: FuzzOptions,
  { interrupted, now }: { readonly interrupted: boolean; readonly now: Date },
): string {
  const sum = (of: (report: DecoderReport) => number): number => reports.reduce((total, each) => total + of(each), 0);
  const crashes = sum((report) => report.crashes.length);
  const rows = reports.map(({ decoder, corpus, tried, found, covered, slowestMs, outcomes, crashes: broken }) => {
    const cells = [
      decoder,
      corpus,
      tried,
      found,
      covered,
      Object.keys(outcomes).length,
      slowestMs.toFixed(1),
      broken.length,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const time = interrupted ? 'until it was interrupted' : `in ${options.minutes * 60} s`;
  return `# Fuzz

\`\`\`
npx nx run tools:fuzz -- --minutes ${options.minutes} --seed ${options.seed} --report docs/proof/fuzz.md
\`\`\`

${now.toISOString().slice(0, 10)}, ${cpus().length} cores, ${platform()}, Node.js ${process.versions.node}, seed ${options.seed}:
${sum(({ tried }) => tried)} inputs for ${reports.length} decoders ${time}, ${crashes} ${crashes === 1 ? 'crash' : 'crashes'}.

Every input ends with a result or a code of the table, in at most 250 ms and 32 MiB (a key file under a passphrase, files of SQLite and
requests over HTTP: what their decoders name). A mutant is kept where it runs a part of the sources, or has an outcome, that none before
had. "Corpus" are the files in \`tools/fixtures/corpus\`, which every test run replays; "parts" are blocks of the sources that ran.

| decoder | corpus | inputs | new | parts | outcomes | slowest ms | crashes |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.join('\n')}
`;
}
