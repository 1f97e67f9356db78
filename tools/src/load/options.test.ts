import { describe, expect, it } from '@jest/globals';
import { parseLoadOptions } from './options.ts';

// By name: errors of Node.js itself are of another realm than the test's.
const typeError = expect.objectContaining({ name: 'TypeError' });

describe('load options', () => {
  it('publishes and subscribes with a topic for each agent by default', () => {
    expect(parseLoadOptions(['--agents', '50'])).toMatchObject({
      agents: 50,
      topics: 50,
      mix: { publish: 1, request: 0, subscribe: true },
      server: undefined,
    });
  });

  it('a mix has weights', () => {
    expect(parseLoadOptions(['--mix', 'publish:9,request'])?.mix).toEqual({ publish: 9, request: 1, subscribe: false });
  });

  it('a server has a port', () => {
    expect(parseLoadOptions(['--server', 'example.org'])?.server).toEqual({ host: 'example.org', port: 1337 });
  });

  it('a way to the server may have faults', () => {
    expect(parseLoadOptions(['--fault', 'latency-ms=5,to-agent:reset-byte=10-20', '--seed', '7'])).toMatchObject({
      faults: { toServer: { latencyMs: 5 }, toAgent: { latencyMs: 5, resetByte: [10, 20] } },
      seed: 7,
    });
    expect(() => parseLoadOptions(['--fault=latency-ms=5', '--agents=20001'])).toThrow(typeError);
  });

  it.each([
    ['--fault=latency'],
    ['--agents=0'],
    ['--mix=receive'],
    ['--event-bytes=8'],
    ['--events-per-second=fast'],
    ['--duration='],
    ['--topics=200'],
    ['--what'],
  ])('refuses %s', (argument) => {
    expect(() => parseLoadOptions([argument])).toThrow(typeError);
  });

  it('asks for help', () => {
    expect(parseLoadOptions(['--help'])).toBeUndefined();
  });
});
