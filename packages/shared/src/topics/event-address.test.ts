import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyCharacter } from '../../test/any-character.ts';
import { EVENT_ADDRESS_BYTES_MAX } from '../packets/index.ts';
import { checkEventAddress, parseEventAddress } from './event-address.ts';

describe('addresses of events', () => {
  it('agents', () => {
    expect(parseEventAddress('agent:dev-1')).toEqual({ kind: 'agent', agentId: 'dev-1' });
    expect(parseEventAddress('agent:site:1/pump@x')).toEqual({ kind: 'agent', agentId: 'site:1/pump@x' });
    expect(parseEventAddress(`agent:${'x'.repeat(64)}`)).toEqual({ kind: 'agent', agentId: 'x'.repeat(64) });
  });

  it('topics, up to the longest that fits', () => {
    expect(parseEventAddress('topic:fleet.eu')).toEqual({ kind: 'topic', topic: 'fleet.eu' });
    const longest = `${`${'x'.repeat(63)}.`.repeat(3)}${'x'.repeat(64)}`;
    expect(longest).toHaveLength(EVENT_ADDRESS_BYTES_MAX - 'topic:'.length);
    expect(parseEventAddress(`topic:${longest}`)).toEqual({ kind: 'topic', topic: longest });
  });

  it.each([
    '',
    'agent',
    'agent:',
    'agent:a b',
    'agent:*',
    'agent:-x',
    'AGENT:a',
    ' agent:a',
    'dev-1',
    'topics:a',
    'server',
  ])('D9: %j is no address', (to) => {
    expect(parseEventAddress(to)).toBeUndefined();
    expect(checkEventAddress(to)).toBe('E_UNKNOWN_ADDRESS');
  });

  it.each(['topic:', 'topic:a..b', 'topic:fleet.*', 'topic:>', 'topic:a b'])('D9: %j is a bad topic', (to) => {
    expect(parseEventAddress(to)).toBeUndefined();
    expect(checkEventAddress(to)).toBe('E_BAD_TOPIC');
  });

  it('D9: whatever the text is, it is an address or has one fault', () => {
    const texts = fc.oneof(
      fc.string({ unit: anyCharacter, maxLength: 300 }),
      fc
        .tuple(fc.constantFrom('agent:', 'topic:'), fc.string({ unit: 'grapheme', maxLength: 300 }))
        .map((all) => all.join('')),
    );
    fc.assert(
      fc.property(texts, (to) => {
        const address = parseEventAddress(to);
        expect(checkEventAddress(to) === undefined).toBe(address !== undefined);
        if (address === undefined) return;
        expect(to).toBe(address.kind === 'agent' ? `agent:${address.agentId}` : `topic:${address.topic}`);
      }),
      { numRuns: 2_000 },
    );
  });

  it('D9: giants are refused at once', () => {
    const start = performance.now();
    for (let count = 0; count < 1_000; count++) {
      expect(parseEventAddress(`topic:${'a.'.repeat(32_768)}`)).toBeUndefined();
      expect(parseEventAddress(`agent:${'a'.repeat(65_536)}`)).toBeUndefined();
    }
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});
