/** Checks of `doctor`: each looks at one thing, changes nothing, and names the fix. */
import { failureOf } from '../failure.ts';
import { defineCommand, type CommandContext, type CommandDefinition } from '../command.ts';
import type { Declarations } from '../../config/index.ts';

/** What a check found. */
export interface CheckResult {
  readonly status: 'ok' | 'warn' | 'fail';
  /** What was found, one line. */
  readonly detail: string;
  /** What to do, with the command where there is one. */
  readonly fix?: string | undefined;
}

/** One check. */
export interface Check {
  readonly name: string;
  run(): Promise<CheckResult> | CheckResult;
}

/** A check with its result. */
export type CheckReport = CheckResult & { readonly name: string };

/** Most time one check may take. */
const CHECK_TIMEOUT_MS = 10_000;

/** Runs checks one after the other; one that throws or takes too long has failed, and the others still run. */
export async function runChecks(checks: readonly Check[]): Promise<readonly CheckReport[]> {
  const reports: CheckReport[] = [];
  for (const check of checks) reports.push({ name: check.name, ...(await runCheck(check)) });
  return reports;
}

/**
 * The command `doctor` of a program: exit code 1 when a check failed. Warnings do not fail it.
 *
 * @param checksOf the checks, for the settings of the run.
 */
export function doctorCommand<const D extends Declarations>(
  settings: D,
  checksOf: (context: CommandContext<D>) => readonly Check[],
): CommandDefinition {
  return defineCommand<D>({
    name: 'doctor',
    summary: 'Check this machine and the data directory, and name what to fix.',
    settings,
    examples: ['doctor', 'doctor --json'],
    async run(context) {
      const { output } = context;
      const reports = await runChecks(checksOf(context));
      for (const report of reports) await output.emit({ event: 'check', ...report }, reportLine(report, context));
      const failed = reports.filter(({ status }) => status === 'fail').length;
      const warned = reports.filter(({ status }) => status === 'warn').length;
      await output.emit(
        { event: 'doctor', checks: reports.length, failed, warned },
        `${reports.length} checks: ${failed} failed, ${warned} with a warning.`,
      );
      return failed === 0 ? 0 : 1;
    },
  });
}

const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

function reportLine<D extends Declarations>(
  { status, name, detail, fix }: CheckReport,
  { output }: CommandContext<D>,
): string {
  const line = `${output.paint(COLOURS[status], status.padEnd(4))}  ${name}: ${detail}`;
  return fix === undefined ? line : `${line}\n      fix: ${fix}`;
}

async function runCheck(check: Check): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<CheckResult>((resolve) => {
    const detail = `no result within ${CHECK_TIMEOUT_MS / 1_000} s`;
    timer = setTimeout(() => resolve({ status: 'fail', detail }), CHECK_TIMEOUT_MS);
  });
  try {
    return await Promise.race([(async () => check.run())(), late]);
  } catch (error) {
    const { message, next } = failureOf(error);
    return { status: 'fail', detail: message, fix: next };
  } finally {
    clearTimeout(timer);
  }
}
