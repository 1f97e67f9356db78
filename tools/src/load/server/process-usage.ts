/** What another process of this machine has used: from `/proc`, so on Linux only. */
import { readFileSync } from 'node:fs';

/** Linux counts CPU time for programs in hundredths of a second, on every architecture of today. */
const TICK_MS = 10;
const KIBIBYTE = 1_024;

export interface ProcessUsage {
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly rssPeakBytes: number;
}

/** @returns undefined where there is no such process, or no `/proc`. */
export function processUsage(id: number): ProcessUsage | undefined {
  try {
    const stat = readFileSync(`/proc/${id}/stat`, 'utf8');
    // The name in parentheses may contain anything, spaces as well.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const status = readFileSync(`/proc/${id}/status`, 'utf8');
    return {
      cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
      rssBytes: kibibytes(status, 'VmRSS') * KIBIBYTE,
      rssPeakBytes: kibibytes(status, 'VmHWM') * KIBIBYTE,
    };
  } catch {
    return undefined;
  }
}

function kibibytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
}
