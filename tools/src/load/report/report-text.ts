/** The report for people. */
import type { Percentiles } from './histogram.ts';
import type { LoadReport } from './load-report.ts';

const LABEL_WIDTH = 20;
const COLUMN_WIDTH = 11;

export function reportText(report: LoadReport): string {
  const { measured, check } = report;
  return [
    measured.interrupted ? `Interrupted after ${number(measured.seconds)} s.` : '',
    ...workLines(report),
    '',
    row('latency in ms', ['p50', 'p90', 'p99', 'p99.9', 'max']),
    ...latencyLine('publish → receipt', report.latencies.receipt),
    ...latencyLine('publish → delivery', report.latencies.delivery),
    ...latencyLine('request → reply', report.latencies.reply),
    '',
    ...serverLines(report),
    ...checkLines(report),
    ...check.examples.map((example) => `  ${example}`),
  ]
    .join('\n')
    .trim();
}

function workLines({
  agents,
  processes,
  faults,
  measured,
  perSecond,
  check,
  connectionsLost,
  errors,
}: LoadReport): string[] {
  const { connectSeconds, seconds, storm } = measured;
  const lines = [
    line(
      'agents',
      `${number(agents)} in ${processes} process${processes === 1 ? '' : 'es'}, connected in ${number(connectSeconds)} s`,
    ),
    line('published', `${number(check.published)} in ${number(seconds)} s: ${number(perSecond.published)}/s`),
    line('delivered', `${number(check.delivered)}: ${number(perSecond.delivered)}/s`),
  ];
  if (faults !== undefined)
    lines.push(line('way to the server', `with faults, seed ${faults.seed}: ${JSON.stringify(faults.faults)}`));
  if (perSecond.replies > 0) lines.push(line('requests', `${number(perSecond.replies)}/s`));
  if (storm !== undefined) {
    const away = storm.away === 0 ? 'all' : `all but ${number(storm.away)}`;
    const [all, half, most] = [storm.backAll, storm.backP50, storm.backP99].map((ms) => number(ms / 1_000));
    const times = `${away} back after ${all} s (half of them ${half} s, 99 % ${most} s)`;
    lines.push(line('reconnect storm', `${number(storm.cut)} cut, ${times}`));
  }
  for (const [code, count] of Object.entries(connectionsLost))
    lines.push(line('connections lost', `${number(count)} × ${code}`));
  for (const [code, count] of Object.entries(errors)) lines.push(line('errors', `${number(count)} × ${code}`));
  return lines;
}

function serverLines({ measured: { server, seconds } }: LoadReport): string[] {
  if (server === undefined) return [];
  const { cpuPercent, rssMiB, rssPeakMiB, storeOperations } = server;
  const usage = `${number(cpuPercent)} % of a core, ${number(rssMiB)} MiB, at most ${number(rssPeakMiB)} MiB`;
  if (storeOperations === undefined) return [line('server', usage)];
  const operations = `${number(storeOperations)} operations: ${number(storeOperations / seconds)}/s`;
  return [line('server', usage), line('store', operations)];
}

function checkLines({ check, ok }: LoadReport): string[] {
  const { lost, phantom, duplicates, outOfOrder, gaps, damaged, positionsRepeated } = check;
  const wrong = {
    lost,
    phantom,
    duplicates,
    'out of order': outOfOrder,
    gaps,
    damaged,
    'positions repeated': positionsRepeated,
  };
  const found = Object.entries(wrong).map(([name, count]) => `${number(count)} ${name}`);
  const notes = [
    check.unanswered > 0 ? `${number(check.unanswered)} without a receipt: their fate is unknown` : '',
    check.announced > 0 ? `${number(check.announced)} announced as skipped` : '',
    check.repeated > 0 ? `${number(check.repeated)} delivered again, and known as such` : '',
  ].filter((note) => note !== '');
  return [line('check', `${ok ? 'ok' : 'FAILED'}: ${found.join(', ')}`), ...notes.map((note) => line('', note))];
}

function latencyLine(label: string, { count, p50, p90, p99, p999, max }: Percentiles): string[] {
  return count === 0 ? [] : [row(label, [p50, p90, p99, p999, max].map(number))];
}

function row(label: string, columns: readonly string[]): string {
  return label.padEnd(LABEL_WIDTH) + columns.map((column) => column.padStart(COLUMN_WIDTH)).join('');
}

function line(label: string, text: string): string {
  return label.padEnd(LABEL_WIDTH) + text;
}

/** Three significant figures where it is not a count; thousands grouped. */
export function number(value: number): string {
  const rounded = Number.isInteger(value) || Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return rounded.toLocaleString('en-US', { maximumFractionDigits: 3 });
}
