/** Lists where a CPU profile (`--cpu-prof`) says the time went: functions by their own time. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { optionsOrHelp } from '../options/options-or-help.ts';

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** What is used of the format of the DevTools protocol, `Profiler.Profile`. */
export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** A function with its own share of the busy time. */
export interface SelfTime {
  readonly name: string;
  readonly percent: number;
}

const IDLE = new Set(['(idle)', '(root)']);
const FUNCTIONS_SHOWN = 20;

/** Functions by their own time in percent of all that was not idle. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): SelfTime[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  let busy = 0;
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? '?';
    const time = timeDeltas[index] ?? 0;
    if (IDLE.has(name)) continue;
    busy += time;
    times.set(name, (times.get(name) ?? 0) + time);
  }
  return [...times]
    .map(([name, time]) => ({ name, percent: (100 * time) / busy }))
    .sort((a, b) => b.percent - a.percent);
}

const PROFILE_HELP = `Lists where CPU profiles of "--profile" say the time went.

  npx nx run tools:bench -- profile FILE…
`;

/** Prints the first functions of each profile. */
export function printProfiles(paths: readonly string[]): void {
  const profiles = optionsOrHelp(PROFILE_HELP, () => (paths.includes('--help') ? undefined : readProfiles(paths)));
  for (const { path, profile } of profiles ?? []) {
    console.log(basename(path));
    for (const { name, percent } of selfTimes(profile).slice(0, FUNCTIONS_SHOWN)) {
      console.log(`${percent.toFixed(1).padStart(6)} %  ${name}`);
    }
  }
}

/** @throws TypeError where there are none, and for a file that is no profile. */
function readProfiles(paths: readonly string[]): readonly { readonly path: string; readonly profile: CpuProfile }[] {
  if (paths.length === 0) throw new TypeError('profile expected files, got none');
  return paths.map((path) => {
    try {
      const profile = JSON.parse(readFileSync(path, 'utf8')) as CpuProfile;
      if ([profile.nodes, profile.samples, profile.timeDeltas].every(Array.isArray)) return { path, profile };
    } catch (error) {
      throw new TypeError(`profile cannot be read: ${(error as Error).message}`, { cause: error });
    }
    throw new TypeError(`profile expected CPU profiles, got ${path}`);
  });
}

function nameOf({ functionName, url, lineNumber }: CallFrame): string {
  if (functionName.startsWith('(')) return functionName;
  const file = url.split('/').slice(-2).join('/');
  return file === '' ? functionName : `${functionName || '(anonymous)'}  ${file}:${lineNumber + 1}`;
}
