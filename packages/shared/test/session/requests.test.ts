/** Requests between two sessions: exact times, late and unknown answers, limits, and who may say `from`. */
import { describe, expect, it } from '@jest/globals';
import { encodeCancel, encodeRequest, encodeResponse } from '../../src/packets/index.ts';
import {
  REQUEST,
  SIDES,
  bytesOfText,
  endOf,
  eventsOf,
  forge,
  openPair,
  otherSide,
  packets,
  sealRaw,
  type Side,
} from './peers.ts';

const EMPTY = new Uint8Array(0);
const answer = (requestId: number, changes: { readonly last?: boolean; readonly body?: Uint8Array } = {}) => ({
  requestId,
  status: changes.last === false ? 2 : 0,
  last: changes.last ?? true,
  body: changes.body ?? EMPTY,
  contentType: null,
  code: undefined,
});

describe('Requests', () => {
  it.each(SIDES)('A9: %s: deadlines are exact at both ends', (side) => {
    const pair = openPair();
    const [from, to] = [pair[side], pair[otherSide(side)]];
    const requestId = from.request({ ...REQUEST, timeoutMs: 1_234 }, pair.now)!;
    pair.run();
    expect([from.wantsTimeoutAt, to.wantsTimeoutAt]).toEqual([pair.now + 1_234, pair.now + 1_234]);
    pair.pass(1_233);
    expect(pair.seen(side, 'response-timeout')).toEqual([]);
    pair.pass(1);
    expect(pair.seen(side, 'response-timeout')).toEqual([{ type: 'response-timeout', requestId }]);
    expect(pair.seen(otherSide(side), 'request-ended')).toEqual([
      { type: 'request-ended', requestId, code: 'E_TIMEOUT' },
    ]);
    expect(to.respond(answer(requestId))).toBe(false);
    expect(from.requestsInFlight).toEqual({ outgoing: 0, incoming: 0 });
  });

  it('A9: a request without a deadline waits for ever', () => {
    const pair = openPair();
    const requestId = pair.agent.request({ ...REQUEST, timeoutMs: 0 }, pair.now)!;
    pair.run();
    for (let count = 0; count < 100; count++) pair.pass(5_000);
    expect(pair.server.respond(answer(requestId))).toBe(true);
    pair.run();
    expect(pair.seen('agent', 'response')).toHaveLength(1);
  });

  it('A9: an answer that crosses a cancel or comes after the deadline is ignored', () => {
    const pair = openPair();
    const cancelled = pair.agent.request(REQUEST, pair.now)!;
    pair.run();
    pair.server.respond(answer(cancelled));
    pair.agent.cancel(cancelled);
    pair.run();
    pair.agent.cancel(cancelled);
    const late = pair.agent.request({ ...REQUEST, timeoutMs: 10 }, pair.now)!;
    pair.run();
    pair.server.respond(answer(late));
    pair.server.flush(pair.now);
    const onItsWay = pair.server.takeOutput();
    pair.now += 10;
    pair.agent.timeout(pair.now);
    for (const piece of onItsWay) pair.agent.receive(piece, pair.now);
    pair.run();
    expect(pair.seen('agent', 'response')).toEqual([]);
    expect(pair.seen('server', 'request-ended')).toEqual([]);
    expect(pair.agent.state).toBe('Open');
  });

  it('A9: a cancel that arrives ends the work once', () => {
    const pair = openPair();
    const requestId = pair.server.request(REQUEST, pair.now)!;
    pair.run();
    pair.server.cancel(requestId);
    pair.run();
    expect(pair.seen('agent', 'request-ended')).toEqual([{ type: 'request-ended', requestId, code: 'E_CANCELLED' }]);
    expect(pair.agent.respond(answer(requestId))).toBe(false);
  });

  it('A9: several answers arrive in order until the last', () => {
    const pair = openPair();
    const requestId = pair.agent.request(REQUEST, pair.now)!;
    pair.run();
    for (const text of ['1', '2', '3'])
      pair.server.respond(answer(requestId, { last: text === '3', body: bytesOfText(text) }));
    expect(pair.server.respond(answer(requestId))).toBe(false);
    pair.run();
    expect(pair.seen('agent', 'response').map(({ response }) => [response.last, response.body[0]])).toEqual([
      [false, 0x31],
      [false, 0x32],
      [true, 0x33],
    ]);
  });

  it.each(SIDES)('D6: answers and cancels for requests that never were end the session of %s with E_STATE', (side) => {
    for (const id of [1, 2, Number.MAX_SAFE_INTEGER]) {
      for (const encode of [
        encodeCancel,
        (writer: Parameters<typeof encodeCancel>[0], requestId: number) =>
          encodeResponse(writer, requestId, 0, true, EMPTY, null, 0),
      ]) {
        const pair = openPair();
        forge(pair, otherSide(side), (writer) => encode(writer, id));
        expect(eventsOf(pair[side])).toEqual([
          expect.objectContaining({ type: 'closed', code: 'E_STATE', byPeer: false }),
        ]);
      }
    }
  });

  it.each(SIDES)('D6: ids that do not rise end the session of %s', (side) => {
    for (const second of [5, 4, 1]) {
      const pair = openPair();
      for (const id of [5, second])
        forge(pair, otherSide(side), (writer) => encodeRequest(writer, id, 'name', EMPTY, null, 1, null, null));
      expect(endOf(eventsOf(pair[side]))).toMatchObject({ code: 'E_STATE' });
    }
  });

  it.each(SIDES)(
    'A9: %s: an error that is not the last answer ends the connection; any other pair is taken',
    (side) => {
      for (const status of [0, 1, 2]) {
        for (const last of [true, false]) {
          const pair = openPair();
          const requestId = pair[side].request(REQUEST, pair.now)!;
          pair.run();
          forge(pair, otherSide(side), (writer) => encodeResponse(writer, requestId, status, last, EMPTY, null, 0));
          const events = eventsOf(pair[side]);
          const code = status === 1 && !last ? 'E_MALFORMED' : undefined;
          expect([status, last, endOf(events)?.code]).toEqual([status, last, code]);
          expect(events.some(({ type }) => type === 'response')).toBe(code === undefined);
        }
      }
    },
  );

  it('A8: only a server may say on whose behalf it asks', () => {
    const outcome = (from: Side): string => {
      const pair = openPair();
      forge(pair, from, (writer) => encodeRequest(writer, 1, 'name', EMPTY, null, 1, null, 'agent:other'));
      return eventsOf(pair[otherSide(from)])
        .map((event) => (event.type === 'closed' ? String(event.code) : event.type))
        .join();
    };
    expect([outcome('agent'), outcome('server')]).toEqual(['E_STATE', 'request']);
  });

  it('2.1.12: requests past the limit are answered E_BUSY, without an event', () => {
    const pair = openPair({ announced: { requestsInFlightMax: 3 } });
    for (let id = 1; id <= 5; id++)
      forge(pair, 'agent', (writer) => encodeRequest(writer, id, 'name', EMPTY, null, 0, null, null));
    expect(eventsOf(pair.server).filter((event) => event.type === 'request')).toHaveLength(3);
    expect(pair.server.requestsInFlight.incoming).toBe(3);
    expect(pair.server.waitingBytes).toBeGreaterThan(0);
    expect(pair.agent.request(REQUEST, pair.now)).toBe(1);
  });

  it('B3: 100,000 requests past the limit, in one go, throw nothing and end nothing', () => {
    const pair = openPair({ announced: { requestsInFlightMax: 1 } });
    for (let record = 0; record < 10; record++) {
      const flood = packets((writer) => {
        for (let index = 0; index < 10_000; index++)
          encodeRequest(writer, record * 10_000 + index + 1, 'x', EMPTY, null, 0, null, null);
      });
      pair.server.receive(sealRaw(pair.agent, flood), pair.now);
    }
    pair.server.flush(pair.now);
    expect(pair.server.state).toBe('Open');
    expect(pair.server.waitingBytes).toBeLessThan(3_000_000);
  });

  it('A8: packets that do not fit one record together take two: bodies of every size near the limit arrive', () => {
    for (const pending of [0, 1, 60_000, 64_500, 65_400]) {
      for (const size of [1, 196_000, 196_608]) {
        const pair = openPair();
        const names = { name: 'n'.repeat(128), contentType: 'c'.repeat(255) };
        if (pending > 0) pair.server.notify('pending', new Uint8Array(pending), null);
        pair.server.request(
          { ...REQUEST, ...names, body: new Uint8Array(size).fill(7), from: `agent:${'f'.repeat(200)}` },
          pair.now,
        );
        pair.server.notify('after', EMPTY, null);
        pair.run();
        expect(pair.agentEvents.map((event) => event.type)).toEqual([
          ...(pending > 0 ? ['notification'] : []),
          'request',
          'notification',
        ]);
        expect(pair.seen('agent', 'request')[0]!.request.body.length).toBe(size);
      }
    }
  });

  it('A1: what the server sends together with Accepted arrives, whatever its size', () => {
    const pair = openPair({ holds: 'decision' });
    const acceptance = {
      agentId: 'agent-1',
      sessionId: new Uint8Array(16),
      resumed: false,
      resumeToken: EMPTY,
      retryBaseMs: 1,
      retryCapMs: 1,
      retryWindowMs: 1,
    };
    pair.server.accept(acceptance, pair.now);
    pair.server.request({ ...REQUEST, body: new Uint8Array(100_000) }, pair.now);
    pair.run();
    expect(pair.agentEvents.map((event) => event.type)).toEqual(['opened', 'request']);
  });
});
