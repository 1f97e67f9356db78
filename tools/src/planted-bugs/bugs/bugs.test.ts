/** Every planted bug still applies: a bug whose place has moved tests nothing any more. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { plant } from '../planted-bug.ts';
import { BUGS } from './index.ts';

describe('planted bugs', () => {
  it('are many, and each has a name of its own', () => {
    expect(BUGS.length).toBeGreaterThanOrEqual(25);
    expect(new Set(BUGS.map(({ name }) => name)).size).toBe(BUGS.length);
  });

  it.each(BUGS)('"$name" applies, and its tests are there', (bug) => {
    const text = readFileSync(bug.file, 'utf8');
    expect(plant(bug, text)).not.toBe(text);
    for (const file of bug.tests) expect([file, existsSync(file)]).toEqual([file, true]);
  });

  it('a bug whose text is gone, or stands twice, is refused', () => {
    const bug = { name: 'b', breaks: '', file: 'f.ts', from: 'x', to: 'y$&', tests: [] };
    expect(plant(bug, 'axb')).toBe('ay$&b');
    expect(() => plant(bug, 'ab')).toThrow('"b" does not apply any more: its text stands 0 times in f.ts');
    expect(() => plant(bug, 'axbx')).toThrow('2 times');
  });
});
