import { describe, expect, it } from '@jest/globals';
import { helpText, type HelpTopic } from './help.ts';
import { table, usableColumns, wrap } from './wrap.ts';

describe('wrapping', () => {
  it('C2: takes any width a terminal may claim', () => {
    expect([undefined, 0, -1, Number.NaN, 1, 20, 79.5, 500].map(usableColumns)).toEqual([
      80, 80, 80, 80, 20, 20, 79, 100,
    ]);
  });

  it('breaks between words only', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('incomprehensible', 4)).toEqual(['incomprehensible']);
    expect(wrap('', 4)).toEqual(['']);
  });

  it('puts the explanation below its term where there is no room beside it', () => {
    expect(table([['--port', 'Port to listen on.']], 80)).toEqual(['  --port  Port to listen on.']);
    expect(table([['--port', 'Port to listen on.']], 20)).toEqual(['  --port', '    Port to listen', '    on.']);
  });

  it('C2: help fits 20 columns and does not need any', () => {
    const topic: HelpTopic = {
      program: { name: 'demo', version: '1', summary: 'Does nothing much at all.', application: 'agent', commands: [] },
      words: [],
      command: { summary: 'Does nothing much at all.' },
      ownFlags: [],
      globalFlags: [],
    };
    for (const columns of [undefined, 0, 1, 20, 10_000]) {
      const text = helpText(topic, { columns, paint: (_format, each) => each });
      expect(text).toContain('Exit codes:');
      if (columns === 20) expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(26);
    }
  });
});
