import { describe, expect, it } from '@jest/globals';
import { ERRORS, EXIT, type ErrorCode } from '@sealane/shared/errors';
import type { ClosedEvent } from '@sealane/shared/session';
import { linkEnd, type LinkProgress } from './link-end.ts';

function end(event: Partial<ClosedEvent>, progress: LinkProgress, isKnown = true) {
  const whole: ClosedEvent = {
    type: 'closed',
    reason: 'failed',
    code: undefined,
    byPeer: false,
    retryAfterMs: 0,
    ...event,
  };
  return linkEnd(whole, { progress, where: 'host:1', isKnown });
}

describe('linkEnd', () => {
  it('a refusal in clear never has a code that denies, whatever it claims', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const { error, notBeforeMs, hintMs } = end(
        { reason: 'rejected', code, byPeer: true, retryAfterMs: 5 },
        'awaiting-server',
      );
      expect(ERRORS[error.code].exit).not.toBe(EXIT.denied);
      expect([notBeforeMs, hintMs]).toEqual([0, 5]);
    }
    expect(end({ reason: 'rejected' }, 'awaiting-server').error.code).toBe('E_REJECTED');
  });

  it('C6: bytes that are no frames are another protocol before the server is known, and a fault afterwards', () => {
    expect(end({ code: 'E_TOO_LARGE' }, 'awaiting-server').error.code).toBe('E_NOT_SEALANE');
    expect(end({ code: 'E_MALFORMED' }, 'awaiting-server').error.code).toBe('E_NOT_SEALANE');
    expect(end({ code: 'E_TOO_LARGE' }, 'open').error.code).toBe('E_TOO_LARGE');
    expect(end({ code: 'E_HANDSHAKE' }, 'awaiting-server').error.code).toBe('E_HANDSHAKE');
  });

  it('C6: silence from an address never met is taken for another protocol, such as TLS', () => {
    const event = { reason: 'truncated', byPeer: true } as const;
    expect(end(event, 'awaiting-server', false).error).toMatchObject({ code: 'E_NOT_SEALANE' });
    expect(end(event, 'awaiting-server', false).error.message).toContain('TLS');
    expect(end(event, 'awaiting-server', true).error.code).toBe('E_TRUNCATED');
    expect(end(event, 'open', false).error.code).toBe('E_TRUNCATED');
  });

  it('A17: a cut is told from a close, and each stage has its own words', () => {
    const stages: LinkProgress[] = ['awaiting-server', 'awaiting-admission', 'open'];
    const cuts = stages.map((stage) => end({ reason: 'truncated', byPeer: true }, stage));
    expect(cuts.map(({ error, orderly }) => [error.code, orderly])).toEqual(stages.map(() => ['E_TRUNCATED', false]));
    expect(new Set(cuts.map(({ error }) => error.message)).size).toBe(3);
    expect(end({ reason: 'closed', byPeer: true }, 'open')).toMatchObject({
      orderly: true,
      error: { code: 'E_CLOSED' },
    });
  });

  it('A15: the retry time of a sealed failure counts, also with a code of a newer version', () => {
    const sealed = end({ code: 'E_RATE_LIMITED', byPeer: true, retryAfterMs: 700 }, 'awaiting-admission');
    expect(sealed).toMatchObject({ notBeforeMs: 700, hintMs: 0, error: { code: 'E_RATE_LIMITED' } });
    expect(end({ byPeer: true }, 'open').error.code).toBe('E_CLOSED');
  });
});
