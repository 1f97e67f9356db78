import { describe, expect, it } from '@jest/globals';
import { eventKey } from '../event-body.ts';
import { check, type DeliveredLog, type PublishedLog } from './check.ts';

/** Agent 0 published 1 … 4 with two topics: 2 and 4 went to topic 0, 1 and 3 to topic 1; 3 has no receipt. */
const published: PublishedLog[] = [{ publisher: 0, positions: Float64Array.of(11, 12, 0, 14) }];
const clean = { announced: 0, gaps: 0, damaged: 0, repeated: 0 };

function reader(topic: number, counters: readonly number[], differences: Partial<DeliveredLog> = {}): DeliveredLog {
  const keys = Float64Array.from(counters.map((counter) => eventKey({ publisher: 0, counter })));
  return { reader: 9, topic, keys, ...clean, ...differences };
}

const verdict = (...delivered: DeliveredLog[]) => check(published, delivered, 2);

describe('checker', () => {
  it('is content when everything with a receipt came once and in order', () => {
    const { isClean, published: events, unanswered, delivered } = verdict(reader(0, [2, 4]), reader(1, [1]));
    expect({ isClean, events, unanswered, delivered }).toEqual({
      isClean: true,
      events: 4,
      unanswered: 1,
      delivered: 3,
    });
  });

  it('an event without a receipt may come', () => {
    expect(verdict(reader(1, [1, 3])).isClean).toBe(true);
  });

  it('an event with a receipt that does not come is lost, unless it was announced', () => {
    expect(verdict(reader(0, [4]))).toMatchObject({ isClean: false, lost: 1 });
    expect(verdict(reader(0, [4])).examples).toEqual(['lost: event 2 of agent 0, at agent 9']);
    expect(verdict(reader(0, [4], { announced: 1 }))).toMatchObject({ isClean: true, lost: 0, announced: 1 });
  });

  it.each([
    ['of a later number', 0, [2, 4, 6]],
    ['of another topic', 0, [1, 2, 4]],
  ])('an event %s was never published', (_what, topic, counters) => {
    expect(verdict(reader(topic, counters))).toMatchObject({ isClean: false, phantom: 1, lost: 0 });
  });

  it('sees repetitions and another order', () => {
    expect(verdict(reader(0, [2, 4, 2]))).toMatchObject({ isClean: false, duplicates: 1, outOfOrder: 0 });
    expect(verdict(reader(0, [4, 2]))).toMatchObject({ isClean: false, duplicates: 0, outOfOrder: 1, lost: 0 });
  });

  it.each(['gaps', 'damaged'] as const)('%s are no clean run', (what) => {
    expect(verdict(reader(1, [1], { [what]: 1 }))).toMatchObject({ isClean: false, [what]: 1 });
  });

  it('two receipts never name the same position', () => {
    const twice = [{ publisher: 0, positions: Float64Array.of(11, 11) }];
    expect(check(twice, [], 2)).toMatchObject({ isClean: false, positionsRepeated: 1 });
  });
});
