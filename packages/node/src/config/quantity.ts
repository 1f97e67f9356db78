/** Reads quantities with units: durations and sizes. A value that cannot be read is NaN, which no schema accepts. */

const unitsMs = new Map<string, number>([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const unitsBytes = new Map<string, number>([
  ['', 1],
  ['B', 1],
  ['K', 2 ** 10],
  ['M', 2 ** 20],
  ['G', 2 ** 30],
  ['KIB', 2 ** 10],
  ['MIB', 2 ** 20],
  ['GIB', 2 ** 30],
  ['KB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
]);

/** @returns whole milliseconds, or NaN. Numbers and plain digits count in `plainUnit`. */
export function parseDurationMs(raw: unknown, plainUnit: 's' | 'ms'): number {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)\s*(ms|s|m|h|d)?$/.exec(textOf(raw));
  if (match === null) return Number.NaN;
  return Math.round(Number(match[1]) * (unitsMs.get(match[2] ?? plainUnit) ?? Number.NaN));
}

/** @returns whole bytes, or NaN. */
export function parseByteCount(raw: unknown): number {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)\s*([A-Za-z]{0,3})$/.exec(textOf(raw));
  if (match === null) return Number.NaN;
  return Math.round(Number(match[1]) * (unitsBytes.get((match[2] ?? '').toUpperCase()) ?? Number.NaN));
}

function textOf(raw: unknown): string {
  return typeof raw === 'string' || typeof raw === 'number' ? String(raw).trim() : '';
}
