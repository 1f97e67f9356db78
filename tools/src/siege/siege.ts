/**
 * A siege from beginning to end: a server in a group with little memory → residents → calm → besiegers, all at once →
 * what is left of it → report.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { StartedServer } from '../load/server/started-server.ts';
import { BESIEGER_KINDS, Besieger, type SiegeTally } from './besieger.ts';
import { MemoryGroup, type MemoryUse } from './memory-group.ts';
import type { SiegeOptions } from './options.ts';
import { Residents, type ResidentTimes } from './residents.ts';
import { countedReasons, type CountedReasons } from './counted-reasons.ts';

/** What was measured. */
export interface SiegeResult {
  readonly groupVersion: 1 | 2;
  /** Before the siege, at its end, and some seconds later. */
  readonly memory: { readonly calm: MemoryUse; readonly siege: MemoryUse; readonly afterwards: MemoryUse };
  /** Most memory of the program itself that was seen. */
  readonly anonymousBytesMax: number;
  readonly times: { readonly calm: ResidentTimes; readonly siege: ResidentTimes };
  readonly besiegers: SiegeTally;
  /** What the server counted. */
  readonly counted: CountedReasons;
  /** How the server ended by itself; undefined where it did not. */
  readonly endedBy: number | string | undefined;
  readonly seconds: number;
  readonly interrupted: boolean;
}

/** The siege cannot be laid on this machine. */
export class NoSiegeError extends Error {}

const BUNDLE = fileURLToPath(new URL('dist/main.js', import.meta.resolve('@sealane/server/package.json')));
const HOST = '127.0.0.1';
const MIB = 2 ** 20;
const CALM_MS = 3_000;
const LOOK_MS = 100;
/** Besiegers are cut without a word; the server notices at once, and gives memory back soon. */
const AFTERWARDS_MS = 5_000;

/** @param stop ends it early. @returns undefined when it came before the siege began. @throws NoSiegeError. */
export async function laySiege(options: SiegeOptions, stop: AbortSignal): Promise<SiegeResult | undefined> {
  if (!options.source && !existsSync(BUNDLE))
    throw new NoSiegeError('There is no bundle of the server: build it with "npx nx run server:build"');
  const group = MemoryGroup.create(options.memoryMiB * MIB);
  if (group === undefined)
    throw new NoSiegeError('No control group with a memory limit can be made here: that takes Linux, and root');
  const residents = new Residents();
  let server: StartedServer | undefined;
  try {
    const program = options.source ? undefined : BUNDLE;
    server = await StartedServer.start({ program, wrap: group.wrap, host: HOST, logLevel: 'error' });
    return await besieged(options, { server, group, residents, stop });
  } finally {
    await residents.end();
    await server?.end();
    group.remove();
  }
}

interface Parts {
  readonly server: StartedServer;
  readonly group: MemoryGroup;
  readonly residents: Residents;
  readonly stop: AbortSignal;
}

async function besieged(options: SiegeOptions, parts: Parts): Promise<SiegeResult | undefined> {
  const { server, group, residents, stop } = parts;
  const target = { host: HOST, port: server.port };
  await residents.start(target, options.agents, stop);
  await pause(CALM_MS, stop);
  if (stop.aborted) return undefined;
  const calm = { memory: group.use(), times: residents.take() };
  const startedAt = performance.now();
  const besieger = new Besieger({ ...target, counts: countsOf(options) });
  try {
    const anonymousBytesMax = await watch(group, {
      untilMs: startedAt + options.durationSeconds * 1_000,
      isOver: () => stop.aborted || server.endedBy !== undefined,
    });
    const siege = { memory: group.use(), times: residents.take() };
    const seconds = (performance.now() - startedAt) / 1_000;
    const besiegers = await besieger.tally();
    const counted = await countedReasons(server.adminPort);
    await besieger.end();
    await pause(AFTERWARDS_MS, stop);
    return {
      groupVersion: group.version,
      memory: { calm: calm.memory, siege: siege.memory, afterwards: group.use() },
      anonymousBytesMax,
      times: { calm: calm.times, siege: siege.times },
      besiegers,
      counted,
      endedBy: server.endedBy,
      seconds,
      interrupted: stop.aborted,
    };
  } finally {
    await besieger.end();
  }
}

/** Shorter where nobody waits for its end any more. */
async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: stop }).catch(() => undefined);
}

function countsOf(options: SiegeOptions): SiegeTally {
  const counts = BESIEGER_KINDS.map((kind) => [kind, options[kind]] as const);
  return Object.fromEntries(counts) as SiegeTally;
}

/** @returns the most memory of the program itself. */
async function watch(
  group: MemoryGroup,
  { untilMs, isOver }: { readonly untilMs: number; readonly isOver: () => boolean },
): Promise<number> {
  let most = 0;
  while (performance.now() < untilMs && !isOver()) {
    most = Math.max(most, group.use().anonymousBytes);
    await sleep(LOOK_MS);
  }
  return most;
}
