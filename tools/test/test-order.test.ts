/** The list of the long tests names files that are there: one that moved would run late again. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '..', '..');

it('the tests that run first are there, the longest first', () => {
  const list = readFileSync(join(root, 'tools', 'jest', 'long-tests.json'), 'utf8');
  const { busy, waiting } = JSON.parse(list) as Record<'busy' | 'waiting', Record<string, number>>;
  expect(Object.keys(busy).filter((path) => path in waiting)).toEqual([]);
  for (const entries of [busy, waiting].map(Object.entries<number>)) {
    expect(entries.length).toBeGreaterThan(10);
    expect(entries.filter(([path]) => !existsSync(join(root, path)))).toEqual([]);
    expect(entries.map(([, seconds]) => seconds)).toEqual(entries.map(([, seconds]) => seconds).sort((a, b) => b - a));
  }
});
