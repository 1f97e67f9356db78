import { describe, expect, it } from '@jest/globals';
import { isAgentName } from './agent-name.ts';

describe('names of agents', () => {
  it.each(['a', '7', 'sensor-7', 'Жаба-1', 'ops@host/1:a+b.c_d', 'x'.repeat(64)])('%p is one', (name) => {
    expect(isAgentName(name)).toBe(true);
  });

  it.each(['', '-a', '.a', 'a b', 'a\u001b[31m', 'a\n', 'a*', 'a>', 'x'.repeat(65), 'Ж'.repeat(33), '\ud800'])(
    '%p is none',
    (name) => {
      expect(isAgentName(name)).toBe(false);
    },
  );
});
