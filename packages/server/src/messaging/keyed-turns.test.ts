import { describe, expect, it } from '@jest/globals';
import { KeyedTurns } from './keyed-turns.ts';

describe('KeyedTurns', () => {
  it('one after the other under one key, also after a failure; others do not wait', async () => {
    const turns = new KeyedTurns();
    const log: string[] = [];
    const gate = Promise.withResolvers<undefined>();
    const first = turns.run('a', async () => {
      await gate.promise;
      log.push('first');
      throw new Error('failed');
    });
    const second = turns.run('a', () => Promise.resolve(log.push('second')));
    await turns.run('b', () => Promise.resolve(log.push('other')));
    gate.resolve(undefined);
    await expect(first).rejects.toThrow('failed');
    await second;
    expect(log).toEqual(['other', 'first', 'second']);
  });
});
