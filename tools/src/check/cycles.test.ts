import { expect, test } from '@jest/globals';
import { findCycles } from './cycles.ts';

const graphOf = (edges: Record<string, string[]>): Map<string, string[]> => new Map(Object.entries(edges));

test('a graph without a cycle has none, also when two paths meet', () => {
  expect(findCycles(graphOf({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }))).toEqual([]);
});

test('a cycle is reported once, from its first visited file', () => {
  expect(findCycles(graphOf({ a: ['b'], b: ['c'], c: ['b'] }))).toEqual([['b', 'c', 'b']]);
});

test('a file that imports itself is a cycle', () => {
  expect(findCycles(graphOf({ a: ['a'] }))).toEqual([['a', 'a']]);
});
