/** runMany: one seed after the other, until one fails, the time is over, or all are done. */
import type { SimOptions } from '../options.ts';
import { runSeed, type SeedResult } from './simulation.ts';

/** What many runs were. */
export interface Campaign {
  readonly firstSeed: number;
  readonly runs: number;
  readonly failed: SeedResult | undefined;
  /** How often each kind of fault happened. */
  readonly faults: ReadonlyMap<string, number>;
  readonly steps: number;
  readonly published: number;
  readonly delivered: number;
  /** Time within the worlds, and of the processor. */
  readonly virtualMs: number;
  readonly cpuMs: number;
}

const HOUR_MS = 3_600_000;

export async function runMany(options: SimOptions, onRun: (result: SeedResult) => void): Promise<Campaign> {
  const { firstSeed, seeds, hours, bug } = options;
  const endAt = performance.now() + hours * HOUR_MS;
  const start = process.cpuUsage();
  const faults = new Map<string, number>();
  const sums = { steps: 0, published: 0, delivered: 0, virtualMs: 0 };
  let runs = 0;
  let failed: SeedResult | undefined;
  while (failed === undefined && (hours > 0 ? performance.now() < endAt : runs < seeds)) {
    const result = await runSeed((firstSeed + runs) >>> 0, bug);
    runs += 1;
    onRun(result);
    for (const [kind, count] of result.faults) faults.set(kind, (faults.get(kind) ?? 0) + count);
    sums.steps += result.steps;
    sums.published += result.published;
    sums.delivered += result.delivered;
    sums.virtualMs += result.virtualMs;
    if (result.problems.length > 0) failed = result;
  }
  const { user, system } = process.cpuUsage(start);
  return { firstSeed, runs, failed, faults, ...sums, cpuMs: (user + system) / 1_000 };
}
