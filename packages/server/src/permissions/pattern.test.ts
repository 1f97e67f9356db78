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
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it.each([
    ['a.*', ['a.b', 'a.*'], ['*.b', 'a.>', 'a', '*']],
    ['a.>', ['a.b', 'a.*', 'a.>', 'a.*.c'], ['>', 'a', '*.b']],
    ['>', ['>', '*', 'a.b.>'], []],
    ['sensor-*.x', ['sensor-1.x'], ['*.x', 'sensor-1.*']],
  ])('%s covers topic patterns', (text, covered, others) => {
    const pattern = parsePattern(text)!;
    for (const other of covered) expect([other, pattern.covers(other)]).toEqual([other, true]);
    for (const other of others) expect([other, pattern.covers(other)]).toEqual([other, false]);
  });

  it('A9: what it covers it matches, and what it does not meet it never matches', () => {
    const topicLevel = fc.constantFrom('a', 'b', 'ab', '*');
    const topicPattern = withRest(fc.array(topicLevel, { minLength: 0, maxLength: 3 }));
    const own = withRest(fc.array(fc.constantFrom('a', 'b', '*', 'a*', '*b', '**'), { minLength: 0, maxLength: 3 }));
    const names = allNames(['a', 'b', 'ab', 'ba'], 4);
    const seen = { covered: 0, apart: 0 };
    fc.assert(
      fc.property(own, topicPattern, (text, topics) => {
        const pattern = parsePattern(text)!;
        const topic = parsePattern(topics)!;
        const both = names.filter((name) => topic.matches(name) && pattern.matches(name));
        if (pattern.covers(topics)) expect(both).toEqual(names.filter((name) => topic.matches(name)));
        if (!pattern.meets(topics)) expect(both).toEqual([]);
        seen.covered += pattern.covers(topics) ? 1 : 0;
        seen.apart += pattern.meets(topics) ? 0 : 1;
      }),
      { numRuns: 2_000 },
    );
    expect(Math.min(seen.covered, seen.apart)).toBeGreaterThan(50);
  });
});

function withRest(levels: fc.Arbitrary<string[]>): fc.Arbitrary<string> {
  return fc
    .tuple(levels, fc.boolean())
    .map(([list, rest]) => [...list, ...(rest || list.length === 0 ? ['>'] : [])].join('.'));
}

function allNames(levels: readonly string[], levelsMax: number): string[] {
  let names = [...levels];
  const all = [...names];
  for (let count = 2; count <= levelsMax; count++) {
    names = names.flatMap((name) => levels.map((level) => `${name}.${level}`));
    all.push(...names);
  }
  return all;
}
