/** The report of a torture: as data, as lines of a terminal, and as one page. */
import { readFileSync } from 'node:fs';
import { cpus, platform, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { RunTotals } from '@sealane/node/testing';
import type { CampaignResult } from './campaign.ts';
import { GROUPS, type GroupName } from './groups.ts';
import type { TortureOptions } from './options.ts';
import type { Programs } from './programs.ts';
import type { RoundResult } from './round.ts';

const GIB = 2 ** 30;

export interface GroupReport extends RunTotals {
  readonly group: GroupName;
  readonly rounds: number;
  /** How often, by name. */
  readonly attacks: Readonly<Record<string, number>>;
  readonly failedRounds: number;
}

export interface TortureReport {
  readonly event: 'torture';
  /** Whether at least one round was passed, and all that were done. */
  readonly ok: boolean;
  readonly interrupted: boolean;
  readonly seed: number;
  readonly patienceSeconds: number;
  readonly seconds: number;
  readonly machine: string;
  readonly programs: string;
  readonly groups: readonly GroupReport[];
  /** Asked for, and not possible here. */
  readonly missing: CampaignResult['missing'];
  readonly failures: readonly RoundResult[];
}

export function tortureReport(
  { seed, patienceSeconds }: TortureOptions,
  programs: Programs,
  result: CampaignResult,
): TortureReport {
  const { rounds, missing, interrupted, seconds } = result;
  const failures = rounds.filter(({ faults }) => faults.length > 0);
  return {
    event: 'torture',
    ok: rounds.length > 0 && failures.length === 0,
    interrupted,
    seed,
    patienceSeconds,
    seconds,
    machine: `${cpus().length} cores, ${Math.round(totalmem() / GIB)} GiB, ${platform()}`,
    programs: programs.told,
    groups: groupReports(rounds),
    missing,
    failures,
  };
}

function groupReports(rounds: readonly RoundResult[]): readonly GroupReport[] {
  const names = (Object.keys(GROUPS) as GroupName[]).filter((name) => rounds.some(({ group }) => group === name));
  return names.map((group) => {
    const own = rounds.filter((round) => round.group === group);
    const attacks: Record<string, number> = {};
    for (const name of own.flatMap((round) => round.attacks)) attacks[name] = (attacks[name] ?? 0) + 1;
    const sum = (of: (totals: RunTotals) => number): number => own.reduce((total, { totals }) => total + of(totals), 0);
    return {
      group,
      rounds: own.length,
      attacks,
      failedRounds: own.filter(({ faults }) => faults.length > 0).length,
      receipts: sum(({ receipts }) => receipts),
      deliveries: sum(({ deliveries }) => deliveries),
      repetitions: sum(({ repetitions }) => repetitions),
    };
  });
}

/** One round, one line; each fault with how to see it again. */
export function roundLines({ group, seed, attacks, totals, faults, evidence, seconds }: RoundResult): string {
  const line = `${group.padEnd(8)} seed ${seed}: ${faults.length === 0 ? 'ok' : 'FAILED'}, ${Math.round(seconds)} s, `;
  const counts = `${totals.receipts} receipts, ${totals.deliveries} deliveries; ${attacks.join(', ')}`;
  const told = faults.map((fault) => `  ${fault}`);
  if (faults.length > 0) told.push(`  again: ${replay(group, seed)}`);
  if (evidence !== undefined) told.push(`  what the programs said: ${evidence}`);
  return [line + counts, ...told].join('\n');
}

/** The report for people; the rounds have been told. */
export function reportText({ interrupted, groups, missing, failures, seconds }: TortureReport): string {
  const rounds = groups.reduce((sum, group) => sum + group.rounds, 0);
  return [
    ...missing.map(([group, reason]) => `not done: ${group}: ${reason}`),
    `${interrupted ? 'Interrupted. ' : ''}${rounds} rounds in ${Math.round(seconds)} s: ${verdict(rounds, failures.length)}.`,
  ].join('\n');
}

/** The report as a page. */
export function reportPage(report: TortureReport, args: readonly string[]): string {
  const { machine, seed, patienceSeconds, seconds, programs, groups, missing, failures, interrupted } = report;
  const date = new Date().toISOString().slice(0, 10);
  const rounds = groups.reduce((sum, group) => sum + group.rounds, 0);
  return [
    '# Torture',
    '',
    `    npx nx run tools:torture -- ${args.join(' ')}`,
    '',
    'Written by this command. Real servers and agents under load: two publishers, two durable subscriptions, a queue group of two. ' +
      'In each round some faults, chosen by its seed; then no more faults, and everything that has a receipt has to arrive.',
    '',
    `${date}, ${machine}; Node.js ${process.versions.node}, Sealane ${versionOf()}; ${programs}; seed ${seed}, ${rounds} rounds, ` +
      `${Math.round(seconds)} s${interrupted ? ', interrupted' : ''}.`,
    '',
    `**Verdict: ${verdict(rounds, failures.length)}.**`,
    '',
    '| group | rounds | with faults | events with a receipt | deliveries | delivered again |',
    '| --- | --: | --: | --: | --: | --: |',
    ...groups.map(groupRow),
    '',
    ...missing.flatMap(([group, reason]) => [`Not done here: ${group}, ${reason}.`, '']),
    'Checked: what has a receipt arrives at every subscription; nothing arrives that was not published; sequences are gapless and in ' +
      'order; the events of a publisher keep their order; what comes again is the same, and says so; the load flows again within ' +
      `${patienceSeconds} s of a fault; no program ends that was not ended; a server that is told to end ends with exit code 0.`,
    '',
    '| fault | times |',
    '| --- | --: |',
    ...groups.flatMap(({ group, attacks }) =>
      Object.entries(attacks).map(([name, count]) => `| ${group}: ${name} | ${count} |`),
    ),
    '',
    ...failures.flatMap(failureLines),
  ].join('\n');
}

function groupRow({ group, rounds, failedRounds, receipts, deliveries, repetitions }: GroupReport): string {
  return `| ${group} | ${rounds} | ${failedRounds} | ${receipts} | ${deliveries} | ${repetitions} |`;
}

function failureLines({ group, seed, attacks, faults }: RoundResult): string[] {
  return [
    `## ${group}, seed ${seed}`,
    '',
    `    ${replay(group, seed)}`,
    '',
    `${attacks.join('; ')}.`,
    '',
    ...faults.map((fault) => `- ${fault.replaceAll('\n', ' ')}`),
    '',
  ];
}

function replay(group: GroupName, seed: number): string {
  return `npx nx run tools:torture -- --only ${group} --seed ${seed} --rounds 1`;
}

function verdict(rounds: number, failed: number): string {
  if (rounds === 0) return 'nothing was done';
  return failed === 0 ? 'nothing lost, nothing made up, everything in order' : `${failed} with faults`;
}

function versionOf(): string {
  const file = fileURLToPath(import.meta.resolve('@sealane/server/package.json'));
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}
