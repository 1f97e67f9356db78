import { expect, it } from '@jest/globals';
import type { Event } from '@sealane/shared/packets';
import { EventWork } from './event-work.ts';
import type { DeliveryLink } from './delivery-link.ts';

const EVENT: Event = {
  ...{ id: 0x34, subscription: 3, sequence: 1, attempt: 1, eventId: 'e', publishedAt: 1 },
  ...{ from: 'server', topic: null, body: new Uint8Array(0), contentType: null },
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('R2: the server is told that an event is done only when the inbox has it', async () => {
  const acked: number[] = [];
  const link = { ackEvent: ({ sequence }: { sequence: number }) => acked.push(sequence) } as unknown as DeliveryLink;
  const saved = Promise.withResolvers<undefined>();
  let handled = 0;
  const work = new EventWork({
    ...{ handle: 3, concurrency: 1, isManual: false, link },
    timers: { now: () => 0, after: () => () => undefined },
    handler: () => void (handled += 1),
    save: () => saved.promise,
    onFault: () => undefined,
  });
  work.onEvent(EVENT);
  await turn();
  expect([handled, work.done.has(1), acked]).toEqual([1, true, []]);
  saved.resolve(undefined);
  await turn();
  expect(acked).toEqual([1]);
});
