import { describe, expect, it } from '@jest/globals';
import { Checker, type Delivery, type SimSubscription } from './checker.ts';

const subscription: SimSubscription = { name: 'ada/t', isGroup: false, reaches: (to) => to === 'topic:t' };
const life = { startedAt: 0, endedAt: undefined, connectedAt: 0 };

function delivery(sequence: number, body: string, more: Partial<Delivery> = {}): Delivery {
  const id = `outbox-of-bob-00-${body.split(' ')[1] ?? ''}`;
  return { life, sequence, attempt: 1, id, from: 'agent:bob', topic: 't', body, ...more };
}

/** Events 1 to 3 of bob, published and received. */
function checker(): Checker {
  const made = new Checker({ mayForgetAttempts: false });
  for (const number of [1, 2, 3]) {
    const body = `bob ${number}`;
    made.published({
      ...{ body, from: 'agent:bob', to: 'topic:t' },
      ...{ mayExpire: false, isDelayed: false, isRelaxed: false },
    });
    made.received(body, { id: `outbox-of-bob-00-${number}`, sequence: number });
  }
  return made;
}

describe('Checker', () => {
  it('a good run is good: in order, again as a second attempt, all there', () => {
    const good = checker();
    good.delivered(subscription, delivery(1, 'bob 1'));
    good.delivered(subscription, delivery(2, 'bob 2'));
    good.delivered(subscription, delivery(1, 'bob 1', { attempt: 2 }));
    good.skipped(subscription, { from: 3, to: 3, life });
    good.delivered(subscription, delivery(4, 'bob 3'));
    expect(good.finish([subscription])).toEqual([]);
  });

  it.each<[string, (checker: Checker) => void]>([
    ['never got "bob 3"', () => undefined],
    ['was never published', (each) => each.delivered(subscription, delivery(3, 'bob 9'))],
    ['comes from agent:eve', (each) => each.delivered(subscription, delivery(3, 'bob 3', { from: 'agent:eve' }))],
    ['is a gap', (each) => each.delivered(subscription, delivery(4, 'bob 3'))],
    ['came again as attempt 1', (each) => each.delivered(subscription, delivery(1, 'bob 1'))],
    ['changed', (each) => each.delivered(subscription, delivery(1, 'bob 3', { attempt: 2 }))],
    ['stands at 2 and 3', (each) => each.delivered(subscription, delivery(3, 'bob 2'))],
    ['two receipts', (each) => each.received('bob 1', { id: 'outbox-of-bob-00-1', sequence: 8 })],
    ['have the receipt 1', (each) => each.received('bob 3', { id: 'outbox-of-bob-00-3', sequence: 1 })],
    [
      'again after its ack was written down',
      (each) => {
        each.acked(subscription, 2, { life, at: 0 });
        each.delivered(subscription, delivery(2, 'bob 2', { attempt: 2 }));
      },
    ],
    [
      'came after it was skipped',
      (each) => {
        each.skipped(subscription, { from: 3, to: 3, life });
        each.delivered(subscription, delivery(3, 'bob 3'));
      },
    ],
  ])('finds that an event %s', (fault, spoil) => {
    const bad = checker();
    bad.delivered(subscription, delivery(1, 'bob 1'));
    bad.delivered(subscription, delivery(2, 'bob 2'));
    spoil(bad);
    expect(bad.finish([subscription]).join('\n')).toContain(fault);
  });

  it('finds what comes first after a later one, and out of the order of its outbox', () => {
    const bad = checker();
    for (const [sequence, body] of [
      [1, 'bob 2'],
      [3, 'bob 3'],
      [2, 'bob 1'],
    ] as const)
      bad.delivered(subscription, delivery(sequence, body));
    const faults = bad.finish([subscription]).join('\n');
    expect(faults).toContain('2 came first after 3');
    expect(faults).toContain('"bob 1" (1) stands after 2');
  });

  it('what an earlier life got late is no fault while the two overlapped', () => {
    const good = checker();
    const old = { startedAt: 0, endedAt: 50, connectedAt: 1 };
    const young = { startedAt: 40, endedAt: undefined, connectedAt: 45 };
    for (const number of [1, 2, 3]) good.delivered(subscription, delivery(number, `bob ${number}`, { life: young }));
    good.delivered(subscription, delivery(1, 'bob 1', { life: old }));
    expect(good.finish([subscription])).toEqual([]);
  });
});
