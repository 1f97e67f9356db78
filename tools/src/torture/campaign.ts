/** The rounds of a torture: the groups that this machine can do, in turn, until the time or their number is over. */
import { GROUPS, type GroupName } from './groups.ts';
import type { TortureOptions } from './options.ts';
import type { Programs } from './programs.ts';
import { runRound, type RoundResult } from './round.ts';

const MS_PER_MINUTE = 60_000;
const MS_PER_SECOND = 1_000;

export interface CampaignResult {
  readonly rounds: readonly RoundResult[];
  /** Groups that were asked for and cannot be done here, with what is missing. */
  readonly missing: readonly (readonly [group: GroupName, reason: string])[];
  readonly interrupted: boolean;
  readonly seconds: number;
}

/** @param onRound told of each round that is over. */
export async function runCampaign(
  options: TortureOptions,
  programs: Programs,
  { signal, onRound }: { readonly signal: AbortSignal; readonly onRound: (result: RoundResult) => void },
): Promise<CampaignResult> {
  const { only, seed, minutes, rounds = Infinity, faults, patienceSeconds } = options;
  const startedAt = performance.now();
  const missing = only.flatMap((group) => {
    const reason = GROUPS[group].missing();
    return reason === undefined ? [] : [[group, reason] as const];
  });
  const possible = only.filter((group) => !missing.some(([each]) => each === group));
  const endAt = startedAt + (minutes ?? Infinity) * MS_PER_MINUTE;
  const results: RoundResult[] = [];
  for (let count = 0; count < rounds && !signal.aborted; count++) {
    if (count > 0 && performance.now() >= endAt) break;
    // A round depends on its own seed alone, its group too.
    const group = possible[(seed + count) % possible.length];
    if (group === undefined) break;
    const patienceMs = patienceSeconds * MS_PER_SECOND;
    const result = await runRound({ group, seed: seed + count, programs, faults, patienceMs, signal });
    if (result === undefined) break;
    results.push(result);
    onRound(result);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  return { rounds: results, missing, interrupted: signal.aborted, seconds };
}
