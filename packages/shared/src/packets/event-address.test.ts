import { describe, expect, it } from '@jest/globals';
import { isGroupName, isTopic, isTopicPattern, parseEventAddress } from './event-address.ts';

describe('addresses of events', () => {
  it.each(['a', 'fleet.eu.temperature', 'ä.ö', 'a-b_c.1', 'x'.repeat(64), `${'a.'.repeat(15)}a`])(
    'D9: %s is a topic',
    (topic) => {
      expect(isTopic(topic)).toBe(true);
      expect(parseEventAddress(`topic:${topic}`)).toEqual({ kind: 'topic', topic });
    },
  );

  it('D9: empty levels, wildcards, what does not print, long ones and many levels are none', () => {
    const none = ['', '.', 'a.', '.a', 'a..b', 'a b', 'a\n', 'a.*', '>', 'a\u0000', 'a\u202e', '\ud800'];
    for (const topic of [...none, 'x'.repeat(65), `${'a.'.repeat(16)}a`, 'a.'.repeat(32_768)]) {
      expect(isTopic(topic)).toBe(false);
      expect(parseEventAddress(`topic:${topic}`)).toBeUndefined();
    }
  });

  it('D9: in patterns a level may be wild as a whole, and the last one for all that follow', () => {
    for (const pattern of ['*', '>', 'a.*.b', 'a.>', '*.>']) expect(isTopicPattern(pattern)).toBe(true);
    for (const pattern of ['a*', '>.a', 'a.>b', '**', '']) expect(isTopicPattern(pattern)).toBe(false);
  });

  it('agents and groups', () => {
    expect(parseEventAddress('agent:dev-1')).toEqual({ kind: 'agent', agentId: 'dev-1' });
    for (const to of ['agent:', 'agent', 'dev-1', 'agent:a b', 'other:a'])
      expect(parseEventAddress(to)).toBeUndefined();
    expect(isGroupName('workers')).toBe(true);
    expect(isGroupName('')).toBe(false);
    expect(isGroupName('two words')).toBe(false);
  });
});
