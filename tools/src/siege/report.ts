/** The report of a siege: whether it held, as data, as text, and as a page. */
import { readFileSync } from 'node:fs';
import { cpus, totalmem, type } from 'node:os';
import { BESIEGER_KINDS } from './besieger.ts';
import type { SiegeOptions } from './options.ts';
import type { SiegeResult } from './siege.ts';

/** Agents do not notice what stays below. */
export const P99_MS_MAX = 250;
const { version } = JSON.parse(readFileSync(new URL(import.meta.resolve('@sealane/server/package.json')), 'utf8')) as {
  readonly version: string;
};
const MIB = 2 ** 20;
const GIB = 2 ** 30;

export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface SiegeReport {
  readonly event: 'siege';
  readonly ok: boolean;
  readonly interrupted: boolean;
  /** Why it did not hold. */
  readonly failures: readonly string[];
  readonly options: SiegeOptions;
  readonly machine: string;
  readonly seconds: number;
  readonly groupVersion: 1 | 2;
  readonly memoryMiB: {
    readonly limit: number;
    /** Of the program itself: before, at most during the siege, and afterwards. */
    readonly anonymousCalm: number;
    readonly anonymousMax: number;
    readonly anonymousAfterwards: number;
    /** Of everything that counts, the page cache too. */
    readonly peak: number;
    readonly limitHits: number;
  };
  readonly latencies: {
    readonly request: { readonly calm: Percentiles; readonly siege: Percentiles };
    readonly event: { readonly calm: Percentiles; readonly siege: Percentiles };
  };
  /** Connections of the besiegers, by kind. */
  readonly besiegers: SiegeResult['besiegers'];
  readonly counted: SiegeResult['counted'];
}

export function siegeReport(options: SiegeOptions, result: SiegeResult): SiegeReport {
  const { memory, times, besiegers, counted, groupVersion, seconds, interrupted } = result;
  const latencies = {
    request: { calm: percentiles(times.calm.requestMs), siege: percentiles(times.siege.requestMs) },
    event: { calm: percentiles(times.calm.eventMs), siege: percentiles(times.siege.eventMs) },
  };
  const failures = failuresOf(result, latencies);
  return {
    event: 'siege',
    ok: failures.length === 0,
    interrupted,
    failures,
    options,
    machine: `${cpus().length} cores, ${Math.round(totalmem() / GIB)} GiB, ${type()}`,
    seconds,
    groupVersion,
    memoryMiB: {
      limit: options.memoryMiB,
      anonymousCalm: memory.calm.anonymousBytes / MIB,
      anonymousMax: result.anonymousBytesMax / MIB,
      anonymousAfterwards: memory.afterwards.anonymousBytes / MIB,
      peak: memory.afterwards.peakBytes / MIB,
      limitHits: memory.afterwards.limitHits,
    },
    latencies,
    besiegers,
    counted,
  };
}

function failuresOf(result: SiegeResult, { request, event }: SiegeReport['latencies']): string[] {
  const { endedBy, memory, times } = result;
  const failures: string[] = [];
  if (endedBy !== undefined) failures.push(`the server ended: ${endedBy}`);
  if (memory.afterwards.oomKills > 0) failures.push('the kernel killed it for its memory');
  if (isSlow(request.siege, result)) failures.push(`requests took ${shown(request.siege.p99)} ms (p99)`);
  if (isSlow(event.siege, result)) failures.push(`events took ${shown(event.siege.p99)} ms (p99)`);
  for (const [reason, count] of Object.entries(times.siege.failures)) failures.push(`agents: ${count} × ${reason}`);
  return failures;
}

/** None at all is too slow, but for a siege that was over before there could be one. */
function isSlow({ count, p99 }: Percentiles, { interrupted }: SiegeResult): boolean {
  return !(p99 < P99_MS_MAX) && !(interrupted && count === 0);
}

/** The report for people. */
export function reportText(report: SiegeReport): string {
  const { ok, failures, memoryMiB, latencies, interrupted, seconds } = report;
  const verdict = ok ? 'The agents did not notice.' : `It did not hold: ${failures.join('; ')}.`;
  const { anonymousCalm, anonymousMax, anonymousAfterwards, peak, limit } = memoryMiB;
  return [
    ...(interrupted ? [`Interrupted after ${shown(seconds)} s.`] : []),
    verdict,
    `memory    ${shown(anonymousCalm)} MiB before, at most ${shown(anonymousMax)}, ${shown(anonymousAfterwards)} afterwards; ` +
      `with the page cache ${shown(peak)} of ${limit}`,
    `requests  ${latencyText(latencies.request)}`,
    `events    ${latencyText(latencies.event)}`,
    ...countedRows(report).map(([what, reason, count]) => `${what} ${reason}: ${count}`),
  ].join('\n');
}

/** Writes the report as a page. */
export function reportPage(report: SiegeReport, args: readonly string[]): string {
  return [
    '# Memory under attack',
    '',
    `    npx nx run tools:siege -- ${args.join(' ')}`,
    '',
    'Written by this command. Hostile peers in numbers, all at once, against the bundle of the server in a control group of Linux ' +
      'with little memory, and agents that behave beside them. Whoever the server throws out comes back at once.',
    '',
    ...setupLines(report),
    '',
    '## What was measured',
    '',
    ...measuredLines(report),
    '',
    '## What the server counted',
    '',
    '| counter | reason | count |',
    '| --- | --- | --: |',
    ...countedRows(report).map(([what, reason, count]) => `| ${what} | ${reason} | ${count} |`),
    '',
  ].join('\n');
}

function setupLines(report: SiegeReport): string[] {
  const { options, machine, seconds, groupVersion, interrupted } = report;
  const perSecond = shown(report.latencies.request.siege.count / seconds / options.agents);
  const date = new Date().toISOString().slice(0, 10);
  return [
    `${date}, ${machine}; Node.js ${process.versions.node}, Sealane ${version}; ${Math.round(seconds)} s${interrupted ? ', interrupted' : ''}.`,
    '',
    '| besiegers | at any time | connections in all |',
    '| --- | --: | --: |',
    ...BESIEGER_KINDS.filter((kind) => options[kind] > 0).map(
      (kind) => `| ${WHAT[kind]} | ${options[kind]} | ${report.besiegers[kind]} |`,
    ),
    '',
    `The server: ${options.source ? 'its sources' : '`packages/server/dist/main.js`'}, ${options.memoryMiB} MiB ` +
      `(control groups version ${groupVersion}), default limits. The agents: ${options.agents}; each asks again 25 ms after ` +
      `every answer, and publishes with every fourth: ${perSecond} requests a second and agent during the siege.`,
  ];
}

function measuredLines({ ok, failures, memoryMiB, latencies }: SiegeReport): string[] {
  const { limit, anonymousCalm, anonymousMax, anonymousAfterwards, peak, limitHits } = memoryMiB;
  return [
    ok ? '**The agents did not notice.**' : `**It did not hold:** ${failures.join('; ')}.`,
    '',
    '| memory of the server | MiB |',
    '| --- | --: |',
    `| limit | ${limit} |`,
    `| before the siege | ${shown(anonymousCalm)} |`,
    `| most during the siege | ${shown(anonymousMax)} |`,
    `| 5 s after it | ${shown(anonymousAfterwards)} |`,
    `| most with the page cache | ${shown(peak)} |`,
    '',
    `The limit was met ${limitHits} times: the kernel then takes page cache back.`,
    '',
    '| latency of the agents | calm p50 | calm p99 | siege p50 | siege p99 | siege max | limit of p99 |',
    '| --- | --: | --: | --: | --: | --: | --: |',
    latencyRow('request → answer', latencies.request),
    latencyRow('publish → delivery', latencies.event),
    '',
    'In ms. No agent lost its connection, and no request or event failed, unless it says so above.',
  ];
}

function latencyRow(what: string, { calm, siege }: SiegeReport['latencies']['request']): string {
  const numbers = [calm.p50, calm.p99, siege.p50, siege.p99, siege.max, P99_MS_MAX].map(shown);
  return `| ${what} | ${numbers.join(' | ')} |`;
}

function latencyText({ calm, siege }: SiegeReport['latencies']['request']): string {
  return (
    `p50 ${shown(siege.p50)} ms, p99 ${shown(siege.p99)}, max ${shown(siege.max)} (${siege.count}); ` +
    `calm: p50 ${shown(calm.p50)}, p99 ${shown(calm.p99)} (${calm.count})`
  );
}

function countedRows({ counted }: SiegeReport): (readonly [what: string, reason: string, count: number])[] {
  return Object.entries(counted).flatMap(([what, reasons]) =>
    Object.entries(reasons).map(([reason, count]) => [what, reason, count] as const),
  );
}

const WHAT: Readonly<Record<(typeof BESIEGER_KINDS)[number], string>> = {
  slowHandshakes: 'handshakes that drip',
  giantLengths: 'announced frames of up to 4 GiB',
  slowReaders: 'agents that read 8 KiB/s of what they ask for',
  deafPeers: 'agents that never read what they ask for',
  flooders: 'agents that publish as much as is taken, 95 KB each',
};

function percentiles(ascending: readonly number[]): Percentiles {
  const at = (share: number): number => ascending[Math.floor(ascending.length * share)] ?? Number.NaN;
  return { count: ascending.length, p50: at(0.5), p99: at(0.99), max: ascending.at(-1) ?? Number.NaN };
}

/** Three significant figures. */
function shown(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 3 });
}
