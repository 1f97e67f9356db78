/** Idle queues: how fast they are made, what each takes in memory, what a start and a publish cost while they are there. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Store } from '@sealane/server/store';
import { benchEvent } from './bench-event.ts';
import { openStore, type StoreBenchOptions } from './open-store.ts';

const AT_ONCE = 4_096;
const LATENCIES = 2_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

export async function measureQueues({ queues, folder }: StoreBenchOptions): Promise<void> {
  let store = await openStore(folder);
  await store.openQueue({ kind: 'agent', agentId: 'receiver' });
  const without = await publishLatency(store, 'before');
  const bytesBefore = usedBytes();
  const start = performance.now();
  await makeQueues(store, queues);
  const seconds = (performance.now() - start) / 1_000;
  console.log(`${queues} queues made in ${seconds.toFixed(1)} s: ${Math.round(queues / seconds)}/s`);
  await store.close();
  const bytesClosed = usedBytes();
  const opening = performance.now();
  const cpu = process.cpuUsage();
  store = await openStore(folder);
  const { user, system } = process.cpuUsage(cpu);
  const openingSeconds = (performance.now() - opening) / 1_000;
  console.log(`start with them: ${openingSeconds.toFixed(2)} s, ${((user + system) / 1e6).toFixed(2)} s of CPU time`);
  const bytes = (usedBytes() - Math.min(bytesBefore, bytesClosed)) / queues;
  console.log(`memory: ${bytes.toFixed(0)} B a queue, its names included`);
  const withThem = await publishLatency(store, 'after');
  console.log(`publish, one at a time: p50 ${without.toFixed(3)} ms without them, ${withThem.toFixed(3)} ms with them`);
  await store.close();
}

/** Each of an agent of its own, on a topic of its own. */
async function makeQueues(store: Store, count: number): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE) {
    const length = Math.min(AT_ONCE, count - from);
    const specs = Array.from({ length }, (_, index) => `${from + index}`.padStart(7, '0'));
    await Promise.all(
      specs.map((id) =>
        store.openQueue({ kind: 'subscription', agentId: `agent-${id}`, pattern: `fleet.${id}.state` }),
      ),
    );
  }
}

async function publishLatency(store: Store, name: string): Promise<number> {
  const producer = { agentId: 'sender', producerId: name.padEnd(16, '-') };
  const latencies: number[] = [];
  for (let number = 1; number <= LATENCIES; number++) {
    const start = performance.now();
    await store.publish([benchEvent(producer, number, number - 1)]);
    latencies.push(performance.now() - start);
  }
  latencies.sort((a, b) => a - b);
  return latencies[Math.floor(LATENCIES / 2)] ?? 0;
}

/** Bytes of live objects and of what they hold outside of the heap. */
function usedBytes(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
