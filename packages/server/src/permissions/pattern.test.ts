import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parsePattern } from './pattern.ts';

describe('patterns', () => {
  it.each([
    ['a', ['a'], ['b', 'a.b', '']],
    ['a.*', ['a.b', 'a.ccc'], ['a', 'a.b.c', 'b.b']],
    ['*', ['a', 'agent:x'], ['a.b']],
    ['>', ['a', 'a.b.c'], []],
    ['a.>', ['a.b', 'a.b.c'], ['a', 'b.a']],
    ['sensor-*', ['sensor-', 'sensor-17'], ['sensor', 'sensor-1.x']],
    ['*a*b', ['ab', 'xaxb', 'aab', 'aabb'], ['a', 'ba']],
    ['agent:*', ['agent:x'], ['agent', 'agent:x.y']],
  ])('%s', (text, fits, misses) => {
    const pattern = parsePattern(text)!;
    for (const name of fits) expect([name, pattern.matches(name)]).toEqual([name, true]);
    for (const name of misses) expect([name, pattern.matches(name)]).toEqual([name, false]);
  });

  it.each(['', '.', 'a.', '.a', 'a..b', '>.a', 'a>', 'a.>.b', 'x'.repeat(257)])('D9: "%s" is none', (text) => {
    expect(parsePattern(text)).toBeUndefined();
  });

  it('a name without stars matches itself alone; a hostile pattern costs little', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,8}(\.[a-z]{1,8}){0,3}$/), fc.string(), (name, other) => {
        expect(parsePattern(name)!.matches(name)).toBe(true);
        expect(parsePattern(name)!.matches(other)).toBe(other === name);
      }),
    );
    const start = performance.now();
    expect(parsePattern('*a'.repeat(100))!.matches('a'.repeat(5_000) + 'b')).toBe(false);
    expect(performance.now() - start).toBeLessThan(500);
  });
});
