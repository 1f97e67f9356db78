/** One run of durable events from producers to readers: at full speed, and at a given rate. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContenderName } from '../contenders/index.ts';
import { LOOPBACK_HOSTS } from '../certificates.ts';
import type { DeliverPlan, LoadPlan } from '../loads/index.ts';
import { withPair, type Pair } from '../processes/pair.ts';
import { cpuPerUnit, markBoth, profiling } from './measure.ts';
import type { RunSettings } from './series.ts';

/** Who takes part. */
export interface DeliverySetup {
  readonly bytes: number;
  readonly producers: number;
  readonly readers: number;
}

/** What came of it: latencies in µs, CPU of each side in µs an event. */
export interface Delivered {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly serverCpu: number;
  readonly clientCpu: number;
}

/** What is measured on a running pair. */
export interface DeliveryMeasurement {
  /** As much as goes with so many under way. */
  readonly full: (inFlight: number) => Promise<Delivered>;
  /** So many each second. `rate` is what arrived. @throws Error when an event was lost. */
  readonly paced: (perSecond: number) => Promise<Delivered>;
}

/** Events that may be under way at a given rate: a second of it, and never so many that memory is measured. */
const PACED_IN_FLIGHT_MAX = 100_000;
const REACH_IN_FLIGHT_MAX = 1_000;
const LOOK_MS = 20;

/** Runs `work` with all readers reading. */
export async function withReaders<Result>(
  contender: ContenderName,
  setup: DeliverySetup,
  settings: RunSettings,
  work: (measurement: DeliveryMeasurement) => Promise<Result>,
): Promise<Result> {
  const { producers, readers, bytes } = setup;
  const options = { contender, certificates: settings.certificates, connections: producers + readers };
  return await withPair({ ...options, hosts: LOOPBACK_HOSTS }, async (pair) => {
    const plan = { kind: 'deliver', bytes, producers } as const;
    await pair.client.call('start', { ...plan, inFlight: 0, perSecond: 0 });
    await pair.client.call('finish');
    await pair.client.call('stop');
    await reachAll(pair, plan, readers);
    return await work({
      full: (inFlight) => measure(pair, { ...plan, inFlight, perSecond: 0 }, contender, settings),
      paced: (perSecond) => measure(pair, { ...plan, inFlight: PACED_IN_FLIGHT_MAX, perSecond }, contender, settings),
    });
  });
}

/** Every reader gets events before anything is measured: the first one costs each contender more than those that follow. */
async function reachAll(
  { client }: Pair,
  plan: Pick<DeliverPlan, 'kind' | 'bytes' | 'producers'>,
  readers: number,
): Promise<void> {
  await client.call('start', { ...plan, inFlight: Math.min(readers, REACH_IN_FLIGHT_MAX), perSecond: 0 });
  while ((await client.call('mark', { collect: false })).count < readers) await sleep(LOOK_MS);
  await client.call('stop');
}

async function measure(
  pair: Pair,
  plan: LoadPlan,
  contender: ContenderName,
  settings: RunSettings,
): Promise<Delivered> {
  const { client } = pair;
  await client.call('start', plan);
  await sleep(settings.warmUpSeconds * 1_000);
  await client.call('latencies');
  const stopProfile = await profiling(pair, contender, settings);
  const before = await markBoth(pair);
  await sleep(settings.seconds * 1_000);
  const after = await markBoth(pair);
  await stopProfile();
  const { p50, p99 } = await client.call('latencies');
  await client.call('stop');
  const done = after.client.count - before.client.count;
  return {
    rate: done / ((after.client.atMs - before.client.atMs) / 1_000),
    p50,
    p99,
    serverCpu: cpuPerUnit(before.server, after.server, done),
    clientCpu: cpuPerUnit(before.client, after.client, done),
  };
}
