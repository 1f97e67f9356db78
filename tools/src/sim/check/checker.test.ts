import { describe, expect, it } from '@jest/globals';
import { Checker, type Delivery, type PublishedEvent, type SimSubscription, type SkippedRun } from './checker.ts';

const subscription: SimSubscription = { name: 'ada/t', isGroup: false, reaches: (to) => to === 'topic:t' };
const crew: SimSubscription = { ...subscription, name: 'crew', isGroup: true };
const earlier = { startedAt: 0, endedAt: 1, connectedAt: 0 };
const life = { startedAt: 0, endedAt: undefined, connectedAt: 0 };

function delivery(sequence: number, body: string, more: Partial<Delivery> = {}): Delivery {
  const id = `outbox-of-bob-00-${body.split(' ')[1] ?? ''}`;
  return { life, sequence, attempt: 1, id, from: 'agent:bob', topic: 't', body, ...more };
}

function publish(checker: Checker, body: string, more: Partial<PublishedEvent> = {}): void {
  const kind = { ttlMs: undefined, isDelayed: false, isRelaxed: false, isAlone: false };
  checker.published({ body, from: 'agent:bob', to: 'topic:t', publishedAt: 0, ...kind, ...more }, life);
}

function expired(sequence: number, at: number): SkippedRun {
  return { from: sequence, to: sequence, reason: 'expired', life, at };
}

/** Events 1 to 3 of bob, published and received. */
function checker(mayForgetSkips = false): Checker {
  const made = new Checker({ mayForgetAttempts: false, mayForgetSkips });
  for (const number of [1, 2, 3]) {
    const body = `bob ${number}`;
    publish(made, body);
    made.received(body, { id: `outbox-of-bob-00-${number}`, sequence: number });
    made.settled(body);
  }
  return made;
}

describe('Checker', () => {
  it('a good run is good: in order, again as a second attempt, all there', () => {
    const good = checker();
    good.delivered(subscription, delivery(1, 'bob 1'));
    good.delivered(subscription, delivery(2, 'bob 2'));
    good.delivered(subscription, delivery(1, 'bob 1', { attempt: 2 }));
    good.skipped(subscription, { from: 3, to: 3, reason: 'overflow', life, at: 0 });
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
      '2 came again after its ack was written down',
      (each) => {
        each.acked(subscription, 2, { life: earlier, at: Number.POSITIVE_INFINITY });
        each.acked(subscription, 2, { life, at: Number.POSITIVE_INFINITY });
        each.delivered(subscription, delivery(2, 'bob 2', { attempt: 2 }));
      },
    ],
    ['nobody was told what became of "bob 4"', (each) => publish(each, 'bob 4')],
    [
      '"bob 4" is neither delivered nor skipped',
      (each) => {
        publish(each, 'bob 4', { ttlMs: 5 });
        each.queued('bob 4');
      },
    ],
    [
      'was dropped at 9000 ms as expired: nothing was due before 10000 ms',
      (each) => {
        publish(each, 'bob 4', { publishedAt: 5_000, ttlMs: 5_000 });
        each.skipped(subscription, expired(4, 9_000));
      },
    ],
    [
      'was dropped at 5000 ms as expired: nothing was due before 9000 ms',
      (each) => {
        publish(each, 'bob 4', { ttlMs: 4_000 });
        publish(each, 'bob 5', { ttlMs: 9_000 });
        each.skipped(subscription, expired(4, 4_500));
        each.skipped(subscription, expired(5, 5_000));
      },
    ],
    [
      '2 was dropped at 100 ms as expired: nothing was due before Infinity ms',
      (each) => each.skipped(subscription, expired(2, 100)),
    ],
    [
      '4 came again as attempt 2, and nothing had gone wrong',
      (each) => {
        publish(each, 'bob 4', { isAlone: true });
        each.delivered(crew, delivery(4, 'bob 4'));
        each.delivered(crew, delivery(4, 'bob 4', { attempt: 2 }));
      },
    ],
    [
      'came after it was skipped',
      (each) => {
        each.skipped(subscription, { from: 3, to: 3, reason: 'overflow', life, at: 0 });
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

  it('what expires in its time is good, by the clocks of two servers that were set', () => {
    const good = checker();
    for (const [index, body] of ['bob 1', 'bob 2', 'bob 3'].entries())
      good.delivered(subscription, delivery(index + 1, body));
    publish(good, 'bob 4', { publishedAt: 90_000, ttlMs: 10_000 });
    good.queued('bob 4');
    good.settled('bob 4');
    good.skipped(subscription, expired(4, 99_100));
    expect(good.finish([subscription])).toEqual([]);
  });

  it.each([true, false])(
    'a skip of a group that comes before another one may be untold with several nodes only (%p)',
    (may) => {
      const each = checker(may);
      for (const number of [1, 2, 3]) each.delivered(crew, delivery(number, `bob ${number}`));
      publish(each, 'bob 4', { ttlMs: 5 });
      publish(each, 'bob 5', { ttlMs: 5 });
      for (const body of ['bob 4', 'bob 5']) {
        each.queued(body);
        each.settled(body);
      }
      each.skipped(crew, expired(5, 100));
      expect(each.finish([crew]).includes('crew 4 is a gap')).toBe(!may);
      expect(each.finish([crew]).length === 0).toBe(may);
    },
  );

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
