import { describe, expect, it } from '@jest/globals';
import { parseProxyOptions } from './options.ts';

const typeError = (message: RegExp): unknown =>
  expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(message) });

describe('proxy options', () => {
  it('by default: a good way to a server on this machine', () => {
    expect(parseProxyOptions([])).toEqual({
      listen: { host: '127.0.0.1', port: 0 },
      target: { host: '127.0.0.1', port: 1337 },
      faults: {},
      seed: 1,
      json: false,
    });
  });

  it('reads faults of one direction and of both', () => {
    const args = ['--target', 'example.org', '--seed=7', '--fault', 'jitter-ms=5,to-agent:drop-frame=3-9'];
    expect(parseProxyOptions(args)).toMatchObject({
      target: { host: 'example.org', port: 1337 },
      seed: 7,
      faults: { toServer: { jitterMs: 5 }, toAgent: { jitterMs: 5, dropFrame: [3, 9] } },
    });
  });

  it.each([
    ['--fault=latency=5', /^There is no fault "latency"/],
    ['--target=a b', /^--target expected host:port/],
    ['--target=a:0', /^--target expected host:port/],
    ['--tarjet=a', /did you mean --target\?$/],
    ['more', /more/],
  ])('refuses %s', (argument, message) => {
    expect(() => parseProxyOptions([argument])).toThrow(typeError(message));
  });

  it('asks for help', () => {
    expect(parseProxyOptions(['--help'])).toBeUndefined();
  });
});
