import { expect, it } from '@jest/globals';
import { WriteLane } from './write-lane.ts';

it('M2: however many wait for what was handed in, while Redis is away that takes no room from writes', async () => {
  const sent: (readonly string[])[] = [];
  const away = Promise.withResolvers<undefined>();
  const lane = new WriteLane({
    onSums: () => undefined,
    recover: () => Promise.resolve(),
    onFault: () => undefined,
    send: async (_number, operations) => {
      sent.push(operations);
      await away.promise;
      return 'o'.repeat(operations.length);
    },
  });
  const lease = { node: 'one', epoch: 1 };
  const done: Promise<void>[] = [];
  // As many as may be out are out.
  for (let batch = 0; batch < 2; batch++) {
    done.push(lane.settle('queue', [{ kind: 'acked', sequence: batch }], lease));
    await Promise.resolve();
  }
  for (let count = 0; count < 1_000; count++) done.push(lane.flushed());
  const late = lane.settle('queue', [{ kind: 'acked', sequence: 9 }], lease);
  done.push(late, lane.flushed());
  away.resolve(undefined);
  await Promise.all(done);
  expect(sent.flat().filter((word) => word === 'N')).toHaveLength(2);
});
