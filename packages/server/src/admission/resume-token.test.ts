import { describe, expect, it } from '@jest/globals';
import { portableCrypto } from '@sealane/shared/crypto';
import { seededRandom } from '@sealane/shared/testing';
import { ResumeTokens } from './resume-token.ts';

const random = seededRandom(3);
const claim = { agentId: 'ada', instance: 'main', agentKey: random(32) };
const sessionId = random(16);
const tokens = new ResumeTokens({ crypto: portableCrypto, random, key: random(32) });
const NOW = 1_700_000_000_000;
const DAY_MS = 86_400_000;

describe('resume tokens', () => {
  it('A16: lead the same agent to the same session, for a week', () => {
    const token = tokens.issue(claim, sessionId, NOW);
    expect(token.length).toBeLessThanOrEqual(512);
    expect(tokens.redeem(token, claim, NOW)).toEqual(sessionId);
    expect(tokens.redeem(token, claim, NOW + 6 * DAY_MS)).toEqual(sessionId);
    expect(tokens.redeem(token, claim, NOW - DAY_MS)).toEqual(sessionId);
    expect(tokens.redeem(token, claim, NOW + 8 * DAY_MS)).toBeUndefined();
  });

  it('are useless to any other agent, instance, key or server', () => {
    const token = tokens.issue(claim, sessionId, NOW);
    expect(tokens.redeem(token, { ...claim, agentId: 'bob' }, NOW)).toBeUndefined();
    expect(tokens.redeem(token, { ...claim, instance: 'other' }, NOW)).toBeUndefined();
    expect(tokens.redeem(token, { ...claim, agentKey: random(32) }, NOW)).toBeUndefined();
    const other = new ResumeTokens({ crypto: portableCrypto, random, key: random(32) });
    expect(other.redeem(token, claim, NOW)).toBeUndefined();
  });

  it('do not survive any change or cut', () => {
    const token = tokens.issue(claim, sessionId, NOW);
    for (let offset = 0; offset < token.length; offset++) {
      const changed = Uint8Array.from(token);
      changed[offset]! ^= 1;
      expect(tokens.redeem(changed, claim, NOW)).toBeUndefined();
      expect(tokens.redeem(token.subarray(0, offset), claim, NOW)).toBeUndefined();
    }
  });

  it('hide the session', () => {
    expect(Buffer.from(tokens.issue(claim, sessionId, NOW)).includes(Buffer.from(sessionId))).toBe(false);
  });
});
