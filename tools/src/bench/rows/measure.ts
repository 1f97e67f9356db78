/** One run of a steady load: warm up, mark, wait, mark. Rates are by the clock of the process that counts. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContenderName } from '../contenders/index.ts';
import type { LoadPlan } from '../loads/index.ts';
import type { Mark } from '../processes/messages.ts';
import { printProfiles } from '../profile.ts';
import { withPair, type Pair } from '../processes/pair.ts';
import { OURS, type Figures, type Participant, type RunSettings } from './series.ts';

/** Where the work of a load is counted. */
export type Counter = 'server' | 'client';

/** A steady load. */
export interface Steady {
  readonly plan: LoadPlan;
  readonly connections: number;
  readonly counter: Counter;
}

/** Measures one run. */
export function measureSteady(contender: ContenderName, steady: Steady, settings: RunSettings): Promise<Figures> {
  const { certificates } = settings;
  const { connections } = steady;
  return withPair({ contender, certificates, connections }, async (pair) => {
    await pair.client.call('start', steady.plan);
    await sleep(settings.warmUpSeconds * 1_000);
    await pair.client.call('latencies');
    const stopProfile = await profiling(pair, contender, settings);
    const before = await markBoth(pair);
    await sleep(settings.seconds * 1_000);
    const after = await markBoth(pair);
    await stopProfile();
    const latencies = await pair.client.call('latencies');
    await pair.client.call('stop');
    const { counter } = steady;
    const done = after[counter].count - before[counter].count;
    return {
      rate: done / ((after[counter].atMs - before[counter].atMs) / 1_000),
      p50: latencies.p50,
      p99: latencies.p99,
      serverCpu: cpuPerUnit(before.server, after.server, done),
      clientCpu: cpuPerUnit(before.client, after.client, done),
    };
  });
}

/** Participants in a steady load: the contenders by the names that the report gives them. */
export function steadyParticipants(steady: Steady, names: Readonly<Record<string, ContenderName>>): Participant[] {
  return Object.entries(names).map(([name, contender]) => ({
    name,
    contender,
    measure: (settings) => measureSteady(contender, steady, settings),
  }));
}

/** Where a profile is wanted, records one of our server and one of its client until the function that it gives is called. */
export async function profiling(
  { server, client }: Pair,
  contender: ContenderName,
  { profileDirectory }: RunSettings,
): Promise<() => Promise<void>> {
  if (profileDirectory === undefined || !contender.startsWith(OURS)) return () => Promise.resolve();
  const pathOf = (side: string): string => join(profileDirectory, `${Date.now()}-${side}.cpuprofile`);
  mkdirSync(profileDirectory, { recursive: true });
  await Promise.all([server.call('startProfile'), client.call('startProfile')]);
  return async () => {
    const paths = [pathOf('server'), pathOf('client')] as const;
    await Promise.all([server.call('stopProfile', paths[0]), client.call('stopProfile', paths[1])]);
    printProfiles(paths);
  };
}

/** Both processes as they are now. */
export async function markBoth({ server, client }: Pair): Promise<{ server: Mark; client: Mark }> {
  const [serverMark, clientMark] = await Promise.all([
    server.call('mark', { collect: false }),
    client.call('mark', { collect: false }),
  ]);
  return { server: serverMark, client: clientMark };
}

/** CPU in µs that one of `done` took between two marks. */
export function cpuPerUnit(before: Mark, after: Mark, done: number): number {
  return done === 0 ? 0 : (after.cpuUs - before.cpuUs) / done;
}
