/** The examples of publish: help puts the name of the program before each. */
import { describe, expect, it } from '@jest/globals';
import { publishCommand } from './publish.ts';

describe('publish', () => {
  it('has examples that begin with its name, because help puts the program before it', () => {
    const names = publishCommand.examples?.map((example) => example.split(' ')[0]);
    expect(names).toEqual(['publish', 'publish', 'publish']);
  });
});
