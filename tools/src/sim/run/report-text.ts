/** What is said of runs: lines on a terminal, and a page in Markdown. */
import { cpus, platform } from 'node:os';
import { version } from '@sealane/node/cli';
import type { SimOptions } from '../options.ts';
import type { Campaign } from './run-many.ts';
import type { SeedResult } from './simulation.ts';

/** Lines of a trace that are shown of a run that failed among many. */
const TRACE_LINES = 60;

/** One run, in one line. */
export function runLine({ seed, problems, traceHash, steps, published, delivered, virtualMs }: SeedResult): string {
  const outcome = problems.length === 0 ? 'ok' : 'FAILED';
  const time = `${(virtualMs / 1_000).toFixed(1)} s of virtual time`;
  return `seed ${seed}: ${outcome}, ${published} published, ${delivered} delivered, ${steps} steps, ${time}, trace ${traceHash}`;
}

/** What is wrong with a run, and how to see it again. */
export function failureText(result: SeedResult, { showsTrace, bug }: Pick<SimOptions, 'showsTrace' | 'bug'>): string {
  const { seed, problems, trace } = result;
  const end = showsTrace ? [] : ['', 'The end of its trace:', ...trace.slice(-TRACE_LINES)];
  return [
    ...end,
    '',
    `Seed ${seed} failed:`,
    ...problems.map((problem) => `  ${problem}`),
    `Again, with the whole trace: npx nx run tools:sim -- --seed ${seed}${bug === undefined ? '' : ` --bug ${bug}`}`,
  ].join('\n');
}

/** The sum of many runs. */
export function campaignText({ runs, failed, steps, published, delivered, virtualMs, cpuMs }: Campaign): string {
  const outcome = failed === undefined ? 'all good' : `seed ${failed.seed} failed`;
  const hours = (virtualMs / 3_600_000).toFixed(1);
  const work = `${published} events published, ${delivered} delivered, ${steps} steps, ${hours} h of virtual time`;
  return `${runs} runs, ${outcome}: ${work}, ${(cpuMs / 1_000).toFixed(1)} s of CPU (${(cpuMs / runs).toFixed(0)} ms a run)`;
}

/** A page for docs/proof. */
export function campaignPage(campaign: Campaign, command: string, now: Date): string {
  const { firstSeed, runs, failed, faults, cpuMs } = campaign;
  const rows = [...faults].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => `| ${kind} | ${count} |`);
  return [
    '# Simulation',
    '',
    `\`${command}\``,
    '',
    `Written by the command above on ${now.toISOString().slice(0, 10)}, ${cpus().length} cores, ${platform()}, Node.js ` +
      `${process.versions.node}, Sealane ${version}.`,
    '',
    `Seeds ${firstSeed} to ${firstSeed + runs - 1}. ${campaignText(campaign)}.`,
    failed === undefined ? 'No run failed.' : `Seed ${failed.seed} failed: ${failed.problems.join('; ')}`,
    '',
    'What a run is, what is checked and how a seed is replayed: [CONTRIBUTING.md](../../CONTRIBUTING.md#simulation).',
    '',
    '## Faults that happened',
    '',
    '| Fault | Times |',
    '| --- | --- |',
    ...rows,
    '',
    'A lost wake-up is a word from one node to another, that a queue has something new, that never came. The store of a world looks ' +
      'for what was missed by itself; that the nodes of the product do so is shown by M6 in ' +
      '[packages/server/test/redis/nodes.test.ts](../../packages/server/test/redis/nodes.test.ts).',
    '',
    `One run takes ${(cpuMs / runs).toFixed(0)} ms of one core.`,
    '',
  ].join('\n');
}
