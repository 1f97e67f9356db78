/** S12: batches that are rewritten, again and again, keep every event that somebody still waits for. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SqliteStore } from '../../src/store/index.ts';
import { childEvent } from './child-event.ts';
import { checkReceipts, readReceiver, StoreFolder } from './store-folder.ts';

const producer = { agentId: 'sender', producerId: 'sender----------' };
/** Every batch is worth rewriting, after every commit. */
const options = { checkpointBytes: 1, deadBytesMin: 1, cacheBytes: 0 };
const EVENTS = 256;

let space: StoreFolder;

beforeEach(() => {
  space = new StoreFolder();
});
afterEach(() => space.remove());

/** Acks all that are not `kept`. */
async function ack(store: SqliteStore, kept: (sequence: number) => boolean): Promise<void> {
  const { queueId } = await store.openQueue({ kind: 'agent', agentId: 'receiver' });
  const lease = await store.claimAgent('receiver', 'main');
  const acked = Array.from({ length: EVENTS }, (_, index) => index + 1).filter((sequence) => !kept(sequence));
  await store.settle(
    queueId,
    acked.map((sequence) => ({ kind: 'acked', sequence })),
    lease,
  );
}

/** Commits enough for checkpoints to end, and for what they begin. */
async function churn(store: SqliteStore, from: number): Promise<void> {
  for (let number = from; number < from + 12; number++) {
    await store.publish([{ ...childEvent(producer, number), to: 'topic:nobody' }]);
    await store.agentRecord('nobody');
  }
}

describe('compaction', () => {
  it('S12: a batch that is rewritten for the second and third time loses nothing that waits', async () => {
    const { store, ears } = await space.open(options);
    await store.openQueue({ kind: 'agent', agentId: 'receiver' });
    await store.publish(Array.from({ length: EVENTS }, (_, index) => childEvent(producer, index + 1)));
    const sizes: number[] = [];
    for (const [round, each] of [4, 16, 64].entries()) {
      await ack(store, (sequence) => sequence % each === 0);
      await churn(store, 1_000 * (round + 1));
      const entries = await readReceiver(store);
      checkReceipts(entries, []);
      expect(entries.map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: EVENTS / each }, (_, index) => (index + 1) * each),
      );
      sizes.push(entries.length);
    }
    expect(sizes).toEqual([64, 16, 4]);
    expect(ears.incidents).toEqual([]);
    await store.close();
    const { store: next } = await space.open(options);
    checkReceipts(await readReceiver(next), [64, 128, 192, 256]);
  }, 60_000);
});
