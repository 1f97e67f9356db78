/** Liveness under a virtual clock: who is dead, who only slept, and what a flood of pings costs. */
import { describe, expect, it } from '@jest/globals';
import { concat } from '../../src/bytes/index.ts';
import { encodePing, encodePong } from '../../src/packets/index.ts';
import { SIDES, endOf, eventsOf, forge, openPair, otherSide, packets, sealRaw } from './peers.ts';

/** Timeouts of a session that ends are fewer. One that never ends may want the same time again and again. */
const STEPS_MAX = 20;

/** The bytes that a side has to send now. */
function outputBytes(pair: ReturnType<typeof openPair>, side: 'agent' | 'server'): number {
  pair[side].flush(pair.now);
  return concat(...pair[side].takeOutput()).length;
}

describe('Liveness', () => {
  it.each(SIDES)(
    '2.1.18: %s finds a silent peer dead after 15 s, after two pings, not a millisecond sooner',
    (side) => {
      const pair = openPair();
      const session = pair[side];
      const start = pair.now;
      const pings: number[] = [];
      for (let step = 0; session.state === 'Open' && step < STEPS_MAX; step++) {
        pair.now = session.wantsTimeoutAt;
        session.timeout(pair.now - 1);
        expect(session.state).toBe('Open');
        session.timeout(pair.now);
        if (outputBytes(pair, side) > 0) pings.push(pair.now - start);
      }
      expect(pings).toEqual([5_000, 10_000, 15_000]);
      expect(pair.now - start).toBe(15_000);
      expect(endOf(eventsOf(session))).toMatchObject({ reason: 'failed', code: 'E_IDLE', byPeer: false });
    },
  );

  it.each(SIDES)(
    'B11: %s, back from a pause of its own, condemns nobody; a peer that stays silent dies all the same',
    (side) => {
      for (const pauseMs of [16_000, 60_000, 86_400_000]) {
        const pair = openPair();
        const session = pair[side];
        pair.now += pauseMs;
        session.timeout(pair.now);
        expect(session.state).toBe('Open');
        const woken = pair.now;
        for (let step = 0; session.state === 'Open' && step < STEPS_MAX; step++) {
          pair.now = session.wantsTimeoutAt;
          session.timeout(pair.now);
        }
        expect([session.state, pair.now - woken]).toEqual(['Closed', 10_000]);
      }
    },
  );

  it('B11: a key update that waited through a pause of the own program is not condemned for it', () => {
    const pair = openPair();
    forge(pair, 'server', (writer) => writer.bytes(Uint8Array.of(0x06, 0, 0, 2, 0x91, 1)));
    pair.agent.flush(pair.now);
    pair.now += 40_000;
    pair.agent.timeout(pair.now);
    expect(pair.agent.state).toBe('Open');
    pair.server.timeout(pair.now);
    pair.run();
    expect([pair.agent.state, pair.agent.epoch, pair.server.epoch]).toEqual(['Open', 1, 1]);
  });

  it('2.1.18: pings are sent only to a peer that is silent, and time the way', () => {
    const pair = openPair();
    const start = pair.now;
    for (let count = 0; count < 20; count++) {
      pair.now += 4_000;
      for (const side of SIDES) pair[side].notify('busy', new Uint8Array(1), null);
      pair.run();
      for (const side of SIDES) {
        pair[side].timeout(pair.now);
        expect(outputBytes(pair, side)).toBe(0);
        expect(pair[side].rttMs).toBeUndefined();
      }
    }
    expect(pair.now - start).toBe(80_000);
    pair.now = pair.agent.wantsTimeoutAt;
    pair.agent.timeout(pair.now);
    pair.agent.flush(pair.now);
    const ping = pair.agent.takeOutput();
    pair.now += 37;
    for (const piece of ping) pair.server.receive(piece, pair.now);
    pair.run();
    expect(pair.agent.rttMs).toBe(37);
  });

  it('2.1.18: a pong nobody asked for says nothing about the way', () => {
    const pair = openPair();
    for (const token of [0, 1, 99]) forge(pair, 'server', (writer) => encodePong(writer, token));
    expect(pair.agent.rttMs).toBeUndefined();
    expect(pair.agent.state).toBe('Open');
  });

  it('B3: 100,000 pings, never answered because never read, leave one pong to send', () => {
    for (const side of SIDES) {
      const pair = openPair();
      const pings = packets((writer) => {
        for (let token = 0; token < 10_000; token++) encodePing(writer, token);
      });
      for (let record = 0; record < 10; record++) pair[side].receive(sealRaw(pair[otherSide(side)], pings), pair.now);
      expect(pair[side].waitingBytes).toBe(0);
      expect(outputBytes(pair, side)).toBeLessThan(64);
      expect(eventsOf(pair[side])).toEqual([]);
    }
  });
});
