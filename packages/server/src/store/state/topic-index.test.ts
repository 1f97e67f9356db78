import { describe, expect, it } from '@jest/globals';
import { TopicIndex, type IndexedQueue } from './topic-index.ts';

/** More than a list holds: the queues of a pattern are kept by holder from then on. */
const MANY = 12;

function queuesOf(pattern: string): readonly IndexedQueue[] {
  return Array.from({ length: MANY }, (_, index) => ({ pattern, holderKey: `agent-${index}` }));
}

describe('TopicIndex', () => {
  for (const pattern of ['a.b', 'a.*']) {
    it(`a queue that was made in the place of a deleted one stays, in whatever order they are told: ${pattern}`, () => {
      const index = new TopicIndex<IndexedQueue>();
      for (const queue of queuesOf(pattern)) index.add(queue);
      const [deleted] = queuesOf(pattern).map(({ holderKey }) => index.find(pattern, holderKey));
      const inItsPlace = { pattern, holderKey: 'agent-0' };
      index.add(inItsPlace);
      if (deleted !== undefined) index.delete(deleted);
      expect(index.find(pattern, 'agent-0')).toBe(inItsPlace);
      const found: IndexedQueue[] = [];
      index.match('a.b', found);
      expect(found).toHaveLength(MANY);
      index.delete(inItsPlace);
      expect(index.find(pattern, 'agent-0')).toBeUndefined();
    });
  }
});
