/** One run of durable events from producers to readers: at full speed, and at a given rate. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContenderName } from '../contenders/index.ts';
import { LOOPBACK_HOSTS } from '../certificates.ts';
import type { LoadPlan } from '../loads/index.ts';
import { withPair, type Pair } from '../processes/pair.ts';
import { profiling } from './measure.ts';
import type { RunSettings } from './series.ts';

/** Who takes part. */
export interface DeliverySetup {
  readonly bytes: number;
  readonly producers: number;
  readonly readers: number;
}

/** What is measured on a running pair. Latencies in µs. */
export interface DeliveryMeasurement {
  /** As much as goes with so many under way. */
  readonly full: (inFlight: number) => Promise<{ readonly rate: number; readonly p50: number; readonly p99: number }>;
  /** So many each second. `rate` is what arrived. @throws Error when an event was lost. */
  readonly paced: (perSecond: number) => Promise<{ readonly rate: number; readonly p50: number; readonly p99: number }>;
}

/** Events that may be under way at a given rate: a second of it, and never so many that memory is measured. */
const PACED_IN_FLIGHT_MAX = 100_000;

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
    return await work({
      full: (inFlight) => measure(pair, { ...plan, inFlight, perSecond: 0 }, contender, settings),
      paced: (perSecond) => measure(pair, { ...plan, inFlight: PACED_IN_FLIGHT_MAX, perSecond }, contender, settings),
    });
  });
}

async function measure(
  { client, server }: Pair,
  plan: LoadPlan,
  contender: ContenderName,
  settings: RunSettings,
): Promise<{ rate: number; p50: number; p99: number }> {
  await client.call('start', plan);
  await sleep(settings.warmUpSeconds * 1_000);
  await client.call('latencies');
  const stopProfile = await profiling({ server, client }, contender, settings);
  const before = await client.call('mark', { collect: false });
  await sleep(settings.seconds * 1_000);
  const after = await client.call('mark', { collect: false });
  await stopProfile();
  const { p50, p99 } = await client.call('latencies');
  await client.call('stop');
  return { rate: (after.count - before.count) / ((after.atMs - before.atMs) / 1_000), p50, p99 };
}
