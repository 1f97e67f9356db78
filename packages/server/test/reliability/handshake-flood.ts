/**
 * The flood of T14, inside a namespace: a server with the default limits, agents at other addresses, and a process of its own
 * that begins handshakes from one address as fast as it can. Prints a `FloodReport`. This file is both processes.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { TestAgent } from '../test-agent.ts';
import { encryptionRequest } from './flood-peer.ts';
import { ADDRESSES } from './namespace.ts';
import { ServerHost } from './server-host.ts';

/** What the server and its agents noticed. */
export interface FloodReport {
  /** Handshakes begun a second. */
  readonly ratePerSecond: number;
  readonly attempts: number;
  /** What the server counted. */
  readonly accepted: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly handshaking: number;
  readonly faults: number;
  /** Longest stretch of the server's event loop, in ms of processor time. */
  readonly stallMs: number;
  /** Round trips of agents at other addresses, and handshakes of new ones, during the flood. */
  readonly roundTrips: number;
  readonly slowestRoundTripMs: number;
  readonly newcomers: number;
  readonly slowestNewcomerMs: number;
}

const FILE = fileURLToPath(import.meta.url);
const FLOOD_MS = 3_000;
/** Sockets of the flood at a time: enough that it never waits for one. */
const AT_A_TIME = 400;
const [, FLOOD_ADDRESS, AGENT_ADDRESS, OTHER_ADDRESS, NEW_ADDRESS] = ADDRESSES;

/** Begins handshakes until the time is over. @returns how many. */
async function flood(port: number): Promise<number> {
  const first = encryptionRequest();
  const endAt = performance.now() + FLOOD_MS;
  let [attempts, open] = [0, 0];
  const finished = Promise.withResolvers<number>();
  const next = (): void => {
    if (performance.now() > endAt) {
      if (open === 0) finished.resolve(attempts);
      return;
    }
    attempts += 1;
    open += 1;
    const socket = connect({ host: FLOOD_ADDRESS, port });
    socket.on('error', () => undefined);
    // An answer, or a refusal: the server has done its work, the next one please.
    socket.once('data', () => socket.resetAndDestroy());
    socket.once('end', () => socket.resetAndDestroy());
    socket.once('close', () => {
      open -= 1;
      next();
    });
    socket.write(first);
  };
  for (let count = 0; count < AT_A_TIME; count++) next();
  return await finished.promise;
}

async function measure(): Promise<FloodReport> {
  const host = await ServerHost.start({ listenOn: '0.0.0.0', logLevel: 'error' });
  const { port } = host;
  const agents = await Promise.all(
    [AGENT_ADDRESS, OTHER_ADDRESS].map((address) => TestAgent.open({ host: address, port })),
  );
  await host.forgetStalls();
  const flooder = fork(FILE, ['flood', String(port)], { execArgv: ['--conditions=@sealane/source'] });
  let attempts: number | undefined;
  const over = once(flooder, 'message').then(([count]) => (attempts = count as number));
  const [roundTripsMs, newcomersMs]: [number[], number[]] = [[], []];
  const timed = async (times: number[], work: () => Promise<unknown>): Promise<void> => {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  };
  while (attempts === undefined) {
    for (const agent of agents) await timed(roundTripsMs, () => agent.channel.request('echo', 'x'));
    await timed(newcomersMs, async () => (await TestAgent.open({ host: NEW_ADDRESS, port })).close());
  }
  await over;
  const { stallMs, counters } = await host.report();
  for (const agent of agents) agent.destroy();
  await host.stop();
  return {
    ratePerSecond: Math.round((attempts * 1_000) / FLOOD_MS),
    attempts,
    accepted: counters.accepted,
    refused: counters.refused,
    handshaking: counters.connections.handshaking,
    faults: counters.faults,
    stallMs,
    roundTrips: roundTripsMs.length,
    slowestRoundTripMs: Math.max(...roundTripsMs),
    newcomers: newcomersMs.length,
    slowestNewcomerMs: Math.max(...newcomersMs),
  };
}

if (process.argv[2] === 'flood') {
  process.send?.(await flood(Number(process.argv[3])));
  process.disconnect();
} else console.log(JSON.stringify(await measure()));
