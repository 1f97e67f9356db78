/**
 * A load from beginning to end: server → agents connect and subscribe → work, perhaps with a storm → what is under way
 * comes to its end → check → report. Between agents and server there may be a way with faults; it is a good one before and
 * after the work.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaultProxy } from '@sealane/node/testing';
import { Fleet } from './agents/fleet.ts';
import type { Storm } from './agents/messages.ts';
import type { LoadOptions } from './options.ts';
import { LiveLine } from './report/live-line.ts';
import { loadReport, serverUsage, stormReport, type LoadReport } from './report/load-report.ts';
import { checkReachable } from './server/check-reachable.ts';
import { processUsage } from './server/process-usage.ts';
import { StartedServer } from './server/started-server.ts';
import { storeOperations } from './server/store-operations.ts';

/** Without a receipt, reply or delivery for so long, nothing more is expected: longer than an ack timeout of 30 s. */
const QUIET_MS = 35_000;
const LOOK_MS = 1_000;
const LOOPBACK = '127.0.0.1';

/** @param stop ends the work early; the report comes all the same. @returns undefined when it came before there was any work. */
export async function runLoad(options: LoadOptions, stop: AbortSignal): Promise<LoadReport | undefined> {
  if (options.server !== undefined) await checkReachable(options.server);
  const started = options.server === undefined ? await StartedServer.start(options) : undefined;
  const fleet = new Fleet(options);
  const live = new LiveLine(process.stderr, options.agents);
  let proxy: FaultProxy | undefined;
  try {
    const server = options.server ?? { host: LOOPBACK, port: started?.port ?? 0 };
    if (options.faults !== undefined) proxy = await FaultProxy.start({ target: server, seed: options.seed });
    const way = proxy === undefined ? server : { host: LOOPBACK, port: proxy.port };
    const target = { ...way, serverKey: options.serverKey ?? started?.fingerprint };
    const serverProcess = started?.processId ?? options.serverProcess;
    const adminPort = started?.adminPort;
    const parts = { fleet, live, proxy, serverProcess, adminPort, stop };
    return await measured(options, parts, () => fleet.connect(target));
  } finally {
    live.end();
    fleet.end();
    await proxy?.stop();
    await started?.end();
  }
}

interface Parts {
  readonly fleet: Fleet;
  readonly live: LiveLine;
  readonly proxy: FaultProxy | undefined;
  readonly serverProcess: number | undefined;
  readonly adminPort: number | null | undefined;
  readonly stop: AbortSignal;
}

async function measured(
  options: LoadOptions,
  parts: Parts,
  connect: () => Promise<void>,
): Promise<LoadReport | undefined> {
  const { fleet, live, proxy, serverProcess, adminPort, stop } = parts;
  const usage = (): ReturnType<typeof processUsage> =>
    serverProcess === undefined ? undefined : processUsage(serverProcess);
  const beginsAt = performance.now();
  live.say(`connecting ${options.agents} agents …`);
  await unless(stop, connect());
  if (stop.aborted) return undefined;
  const startsAt = performance.now();
  const before = usage();
  const operationsBefore = await storeOperations(adminPort);
  if (options.faults !== undefined) proxy?.strike(options.faults);
  await fleet.start();
  const storm = await work(options, parts, startsAt);
  const stopsAt = performance.now();
  const after = usage();
  const operationsAfter = await storeOperations(adminPort);
  await fleet.stop();
  proxy?.heal();
  live.say('waiting for what is under way …');
  await fleet.settled(QUIET_MS);
  const collected = await fleet.collect();
  live.say('closing …');
  await fleet.close();
  const operations =
    operationsBefore === undefined || operationsAfter === undefined ? undefined : operationsAfter - operationsBefore;
  const server =
    before === undefined || after === undefined
      ? undefined
      : serverUsage({ before, after, ms: stopsAt - startsAt, storeOperations: operations });
  const seconds = (stopsAt - startsAt) / 1_000;
  const interrupted = stop.aborted;
  const connectSeconds = (startsAt - beginsAt) / 1_000;
  const stormed = storm === undefined ? undefined : stormReport(storm);
  return loadReport(options, { connectSeconds, seconds, interrupted, storm: stormed, server }, collected);
}

/** Looks on until the time is up; halfway through comes the storm. */
async function work(options: LoadOptions, { fleet, live, stop }: Parts, startsAt: number): Promise<Storm | undefined> {
  const durationMs = options.durationSeconds * 1_000;
  let storm: Promise<Storm> | undefined;
  for (let elapsedMs = 0; elapsedMs < durationMs && !stop.aborted; elapsedMs = performance.now() - startsAt) {
    if (options.reconnectStorm && elapsedMs >= durationMs / 2) storm ??= fleet.storm();
    live.show(await fleet.status(), elapsedMs / 1_000);
    await sleep(Math.min(LOOK_MS, durationMs - elapsedMs), undefined, { signal: stop }).catch(() => undefined);
  }
  return await storm;
}

/** Resolves when the work is done, or is not wanted any more: it fails then, as nobody is left to do it. */
async function unless(stop: AbortSignal, work: Promise<void>): Promise<void> {
  work.catch(() => undefined);
  if (!stop.aborted) await Promise.race([work, once(stop, 'abort')]);
}
