import { describe, expect, it } from '@jest/globals';
import { foldUsername, usernameFault } from './username.ts';

describe('usernames', () => {
  it.each(['bob', 'a_b-c', '007', '_x_', 'x'.repeat(32)])('takes %s', (name) => {
    expect(usernameFault(name)).toBeUndefined();
  });

  it.each([
    ['', 'length'],
    ['ab', 'length'],
    ['x'.repeat(33), 'length'],
    ['Bob', 'characters'],
    ['-bob', 'characters'],
    ['bo b', 'characters'],
    ['bob\n', 'characters'],
    ['böb', 'characters'],
    ['bоb', 'characters'],
    ['admin', 'reserved'],
    ['server', 'reserved'],
    ['support', 'reserved'],
  ])('refuses %j: %s', (name, fault) => {
    expect(usernameFault(name)).toBe(fault);
  });

  it('folds ASCII capitals only, so that no letter becomes another name', () => {
    expect(foldUsername('ADMIN')).toBe('admin');
    expect(usernameFault(foldUsername('K\u212Aevin'))).toBe('characters');
  });
});
