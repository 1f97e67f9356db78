import { describe, expect, it } from '@jest/globals';
import type { Crypto } from '../crypto/index.ts';
import { nativeCrypto } from '../crypto-native/index.ts';
import { SessionPair } from '../testing/index.ts';

const body = (text: string): Uint8Array => new TextEncoder().encode(text);
const REQUEST = { name: 'echo', contentType: null, timeoutMs: 5_000, to: null, from: null };

describe('Session', () => {
  it('A1: opens, and both sides ask and answer unprompted', () => {
    const pair = new SessionPair().run();
    expect(pair.agent.state).toBe('Open');
    expect(pair.server.state).toBe('Open');
    const asked = pair.agent.request({ ...REQUEST, body: body('from agent') }, pair.now);
    pair.server.request({ ...REQUEST, body: body('from server') }, pair.now);
    pair.run();
    expect(pair.seen('server', 'request').map((event) => Buffer.from(event.request.body).toString())).toEqual([
      'from agent',
    ]);
    expect(pair.seen('agent', 'request').map((event) => Buffer.from(event.request.body).toString())).toEqual([
      'from server',
    ]);
    pair.server.respond({
      requestId: asked!,
      status: 0,
      last: true,
      body: body('reply'),
      contentType: null,
      code: undefined,
    });
    pair.run();
    expect(pair.seen('agent', 'response').map((event) => Buffer.from(event.response.body).toString())).toEqual([
      'reply',
    ]);
  });

  it('A17: a close is told from a cut', () => {
    const closed = new SessionPair().run();
    closed.agent.close(closed.now);
    closed.run();
    expect(closed.seen('server', 'closed')).toMatchObject([{ reason: 'closed', byPeer: true }]);
    expect(closed.seen('agent', 'closed')).toMatchObject([{ reason: 'closed' }]);
    const cut = new SessionPair().run();
    cut.server.transportEnded();
    cut.run();
    expect(cut.seen('server', 'closed')).toMatchObject([{ reason: 'truncated' }]);
  });

  it('P6: sets its record keys aside when a ping was answered, on both sides, and goes on with them', () => {
    const aside = { agent: 0, server: 0 };
    const counting = (side: keyof typeof aside): Crypto => ({
      ...nativeCrypto,
      setAside(key) {
        aside[side] += 1;
        nativeCrypto.setAside(key);
      },
    });
    const pair = new SessionPair({ agentCrypto: counting('agent'), serverCrypto: counting('server') }).run();
    pair.agent.request({ ...REQUEST, body: body('busy') }, pair.now);
    pair.run();
    expect(aside).toEqual({ agent: 0, server: 0 });
    pair.pass(5_000).run();
    expect(aside.agent).toBeGreaterThanOrEqual(2);
    expect(aside.server).toBeGreaterThanOrEqual(2);
    pair.agent.request({ ...REQUEST, body: body('again') }, pair.now);
    pair.run();
    expect(pair.seen('server', 'request')).toHaveLength(2);
  });

  it('B7: keys are updated while requests travel', () => {
    const pair = new SessionPair({ agentCrypto: nativeCrypto, serverCrypto: nativeCrypto }).run();
    for (let round = 0; round < 20; round++) {
      pair.pass(3_600_001);
      pair.agent.request({ ...REQUEST, body: body(`${round}`) }, pair.now);
      pair.run();
    }
    expect(pair.seen('agent', 'closed')).toEqual([]);
  });
});
