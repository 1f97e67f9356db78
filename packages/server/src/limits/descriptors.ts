/** How many file descriptors this process may have (`RLIMIT_NOFILE`, which Node raises to the hard limit at start). */
import { readFileSync } from 'node:fs';

/** Assumed where the system does not tell. */
const DESCRIPTORS_ASSUMED = 1_024;

export function descriptorLimit(): number {
  try {
    return readLimit(readFileSync('/proc/self/limits', 'utf8')) ?? DESCRIPTORS_ASSUMED;
  } catch {
    return reportedLimit() ?? DESCRIPTORS_ASSUMED;
  }
}

/** The soft limit in the text of `/proc/self/limits`: proc(5). */
export function readLimit(text: string): number | undefined {
  const value = /^Max open files\s+(\d+|unlimited)/m.exec(text)?.[1];
  if (value === undefined) return undefined;
  return value === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(value);
}

/** Systems without /proc: Node's diagnostic report knows it, at the price of some milliseconds. */
function reportedLimit(): number | undefined {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : undefined;
}
