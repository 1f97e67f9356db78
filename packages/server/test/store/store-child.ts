/**
 * A process with a SqliteStore, for tests that kill it or its disk: publishes without end and prints a line for every
 * receipt, after it has it. `store-child.ts FILE SENDER IN_FLIGHT [settle]`; ends with 74 when the store failed.
 */
import { writeSync } from 'node:fs';
import { SealaneError } from '@sealane/shared/errors';
import { SqliteStore, type Store } from '../../src/store/index.ts';
import { childEvent } from './child-event.ts';

const STDOUT = 1;
const EXIT_STORAGE = 74;
const EXIT_REFUSED = 78;
const BATCH = 16;

const [file = '', sender = '', inFlight = '32', mode = ''] = process.argv.slice(2);
const store = new SqliteStore(file, { diskFloorBytes: 0 });

/** At once, so that nothing that was said is lost with the process. */
function say(line: string): void {
  const bytes = Buffer.from(`${line}\n`);
  for (let offset = 0; offset < bytes.length;) {
    try {
      offset += writeSync(STDOUT, bytes, offset);
    } catch (error) {
      // The test does not read fast enough.
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EAGAIN') throw error;
    }
  }
}

async function publishForever(from: Store, first: number): Promise<void> {
  const producer = { agentId: sender, producerId: sender.padEnd(16, '-') };
  let number = first;
  const caller = async (): Promise<void> => {
    for (;;) {
      const own = (number += 1);
      const [result] = await from.publish([childEvent(producer, own)]);
      if (result?.status === 'refused') {
        say(`refused ${own} ${result.code}`);
        if (result.code === 'E_STORE_UNAVAILABLE') return;
        await new Promise((resolve) => setTimeout(resolve, 50));
        number -= 1;
      } else if (result !== undefined) say(`stored ${own} ${result.sequence}`);
    }
  };
  await Promise.all(Array.from({ length: Number(inFlight) }, caller));
}

async function settleForever(of: Store): Promise<void> {
  const { queueId, settledTo } = await of.openQueue({ kind: 'agent', agentId: 'receiver' });
  const lease = await of.claimAgent('receiver', 'main');
  for (let after = settledTo; ;) {
    const items = await of.read(queueId, { after, limit: BATCH, bytesMax: 1_000_000 }, lease);
    const last = items.at(-1);
    if (last?.kind === 'event') {
      after = last.sequence;
      await of.settle(queueId, [{ kind: 'acked-to', sequence: after }], lease);
      say(`settled ${after}`);
    } else await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const nothing = (): void => undefined;
try {
  await store.open({
    onQueues: nothing,
    onAgentLost: nothing,
    onIncident: ({ code, message }) => say(`incident ${code} ${message}`),
    onHealth({ status }) {
      say(`health ${status}`);
      if (status === 'failed') process.exit(EXIT_STORAGE);
    },
  });
  await store.openQueue({ kind: 'agent', agentId: 'receiver' });
  const first = await store.producerNumber({ agentId: sender, producerId: sender.padEnd(16, '-') });
  say(`open ${process.pid} ${first}`);
  if (mode === 'settle') settleForever(store).catch(nothing);
  // Shows that the loop turns while the disk does not.
  setInterval(() => say(`alive ${store.health.status}`), 100);
  await publishForever(store, first);
} catch (error) {
  if (!(error instanceof SealaneError)) throw error;
  say(`error ${error.code} ${error.message}`);
  process.exit(EXIT_REFUSED);
}
