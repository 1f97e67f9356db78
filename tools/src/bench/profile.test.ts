import { expect, it } from '@jest/globals';
import { selfTimes } from './profile.ts';

it('own times are shares of the time that was not idle', () => {
  const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 4 });
  const nodes = [
    { id: 1, callFrame: frame('work', 'file:///a/b/c.ts') },
    { id: 2, callFrame: frame('(idle)') },
    { id: 3, callFrame: frame('(garbage collector)') },
  ];
  expect(selfTimes({ nodes, samples: [1, 2, 3, 1], timeDeltas: [20, 900, 20, 40] })).toEqual([
    { name: 'work  b/c.ts:5', percent: 75 },
    { name: '(garbage collector)', percent: 25 },
  ]);
});
