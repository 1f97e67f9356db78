/**
 * Events/s into SqliteStore: each caller publishes one event and waits for its receipt before the next one. A reader
 * settles what was stored, so that the queue and the file stay bounded.
 */
import type { QueueInfo, Store } from '@sealane/server/store';
import { benchEvent } from './bench-event.ts';
import { openStore, type StoreBenchOptions } from './open-store.ts';

const IN_FLIGHT = [1, 64, 256, 2_000];
const SETTLE_EVERY = 8_192;

export async function measurePublish({ seconds, folder }: StoreBenchOptions): Promise<void> {
  const store = await openStore(folder);
  const queue = await store.openQueue({ kind: 'agent', agentId: 'receiver' });
  const lease = await store.claimAgent('receiver', 'main');
  const settle = (sequence: number): void =>
    void store.settle(queue.queueId, [{ kind: 'acked-to', sequence }], lease).catch(() => undefined);
  await publishFor(store, { inFlight: 256, ms: 1_000, name: 'warmup', settle });
  console.log('in flight   events/s     p50 ms     p99 ms   events/commit   CPU us/event, of these on the main thread');
  for (const inFlight of IN_FLIGHT) {
    const before = store.figures();
    const result = await publishFor(store, { inFlight, ms: seconds * 1_000, name: `load${inFlight}`, settle });
    const { commits, bytes } = store.figures();
    const perCommit = result.events / (commits - before.commits);
    const columns = [
      inFlight,
      Math.round(result.rate),
      result.p50.toFixed(2),
      result.p99.toFixed(2),
      perCommit.toFixed(0),
      result.cpuMicroseconds.toFixed(2),
      result.mainMicroseconds.toFixed(2),
    ];
    console.log(columns.map((column) => String(column).padStart(9)).join('  '), `  file ${Math.round(bytes / 1e6)} MB`);
  }
  await store.close();
}

interface Load {
  readonly inFlight: number;
  readonly ms: number;
  readonly name: string;
  readonly settle: (sequence: number) => void;
}

interface Rate {
  readonly events: number;
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  /** CPU time of all threads for each event: what another load of the machine changes little. */
  readonly cpuMicroseconds: number;
  readonly mainMicroseconds: number;
}

async function publishFor(store: Store, { inFlight, ms, name, settle }: Load): Promise<Rate> {
  const producer = { agentId: `sender-${name}`, producerId: name.padEnd(16, '-') };
  const { nextSequence } = await waitForQueue(store);
  const cpu = process.cpuUsage();
  const mainCpu = process.threadCpuUsage();
  const start = performance.now();
  const end = start + ms;
  const latencies: number[] = [];
  let number = 0;
  let done = 0;
  const caller = async (): Promise<void> => {
    for (let now = performance.now(); now < end;) {
      await store.publish([benchEvent(producer, ++number, Math.max(0, done - inFlight))]);
      done += 1;
      if (done % SETTLE_EVERY === 0) settle(nextSequence - 1 + done - inFlight);
      const answered = performance.now();
      latencies.push(answered - now);
      now = answered;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  const rate = (done * 1_000) / (performance.now() - start);
  const cpuMicroseconds = sum(process.cpuUsage(cpu)) / done;
  const mainMicroseconds = sum(process.threadCpuUsage(mainCpu)) / done;
  settle(Number.MAX_SAFE_INTEGER);
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  return { events: done, rate, p50: at(0.5), p99: at(0.99), cpuMicroseconds, mainMicroseconds };
}

function waitForQueue(store: Store): Promise<QueueInfo> {
  return store.openQueue({ kind: 'agent', agentId: 'receiver' });
}

function sum({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}
