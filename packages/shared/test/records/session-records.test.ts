/** Records between two sessions: what an attacker on the wire can do to them, and that each of it ends the session. */
import { describe, expect, it } from '@jest/globals';
import { concat } from '../../src/bytes/index.ts';
import { nativeCrypto } from '../../src/crypto-native/index.ts';
import type { Session } from '../../src/session/index.ts';
import { SIDES, bytesOfText, endOf, eventsOf, nativePair, openPair, otherSide, sealRaw } from '../session/peers.ts';
import { hexOf, recordingCrypto } from '../session/recording-crypto.ts';

/** A record of each side that holds one notification, not delivered, and those that follow. */
function recordsOf(session: Session, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => {
    session.notify('secret', bytesOfText(String(index)), null);
    session.flush(0);
    return concat(...session.takeOutput());
  });
}

const isAlive = (session: Session): boolean => session.state !== 'Closed';

describe('Records on the wire', () => {
  it.each(SIDES)(
    'B6: every byte of a record to %s matters, one bit at a time: an altered one yields no event',
    (side) => {
      const size = recordsOf(openPair()[otherSide(side)], 1)[0]!.length;
      for (let position = 0; position < size; position++) {
        const pair = openPair();
        const [record, next] = recordsOf(pair[otherSide(side)], 2);
        record![position]! ^= 1 << (position % 8);
        pair[side].receive(record!, pair.now);
        pair[side].receive(next!, pair.now);
        if (isAlive(pair[side])) {
          // A longer length waits for bytes that never come: the deadline of the idle connection ends it.
          expect(position).toBeLessThan(4);
          while (isAlive(pair[side]) && pair.now < 60_000) {
            pair.now = pair[side].wantsTimeoutAt;
            pair[side].timeout(pair.now);
          }
        }
        const events = eventsOf(pair[side]);
        expect([position, events.map((event) => event.type)]).toEqual([position, ['closed']]);
        expect(endOf(events)).toMatchObject({ reason: 'failed', byPeer: false });
      }
    },
    30_000,
  );

  it.each(SIDES)(
    'B6 2.0.4 2.1.4 2.1.5 2.4.3 T8 T13: to %s: replayed, dropped, reordered, reflected and cut records end it, and nothing opens afterwards',
    (side) => {
      const attacks: Readonly<Record<string, (records: Uint8Array[], own: Uint8Array) => (Uint8Array | undefined)[]>> =
        {
          replayed: ([first]) => [first, first],
          dropped: ([, second]) => [second],
          reordered: ([first, second]) => [second, first],
          reflected: (_records, own) => [own],
          'replayed later': ([first, second]) => [first, second, first],
          // By half a tag: one byte of it may be the zero with which the next record begins.
          'cut and continued': ([first, second]) => [first!.subarray(0, -8), second],
        };
      for (const [name, attack] of Object.entries(attacks)) {
        const pair = openPair();
        const records = recordsOf(pair[otherSide(side)], 3);
        const own = recordsOf(pair[side], 1)[0]!;
        const sent = attack(records, own);
        for (const record of sent) pair[side].receive(record!, pair.now);
        const good = name === 'replayed' ? 1 : name === 'replayed later' ? 2 : 0;
        const events = eventsOf(pair[side]);
        expect([name, events.map((event) => event.type)]).toEqual([
          name,
          [...Array<string>(good).fill('notification'), 'closed'],
        ]);
        expect(endOf(events)).toMatchObject({ reason: 'failed', code: 'E_DECRYPT' });
        for (const record of records) pair[side].receive(record, pair.now);
        expect(eventsOf(pair[side])).toEqual([]);
      }
    },
  );

  it.each(SIDES)('A17 B6 2.4.13: a connection cut inside a record is truncated for %s, never closed', (side) => {
    const pair = openPair();
    const [record] = recordsOf(pair[otherSide(side)], 1);
    pair[side].receive(record!.subarray(0, 20), pair.now);
    pair[side].transportEnded();
    pair[side].receive(record!.subarray(20), pair.now);
    expect(eventsOf(pair[side])).toEqual([expect.objectContaining({ type: 'closed', reason: 'truncated' })]);
  });

  it('2.1.7: a record of no packets is refused', () => {
    for (const side of SIDES) {
      const pair = openPair();
      pair[side].receive(Uint8Array.of(0, 0, 0, 28, ...new Uint8Array(28)), pair.now);
      expect(endOf(eventsOf(pair[side]))).toMatchObject({ code: 'E_MALFORMED' });
    }
    expect(() => sealRaw(openPair().agent, new Uint8Array(0))).toThrow(/a record holds/);
  });

  it('B3: no two sessions share a key, nor do the two directions of one', () => {
    const seen = new Set<string>();
    for (let count = 0; count < 50; count++) {
      const [agent, server] = [recordingCrypto(), recordingCrypto()];
      // The same identities and the same seed but for the ephemeral keys, which are drawn after them.
      const pair = nativePair({ seed: count + 1, agentCrypto: agent.crypto, serverCrypto: server.crypto }).run();
      pair.agent.notify('x', new Uint8Array(1), null);
      pair.run();
      for (const key of [...hexOf(agent.sealing), ...hexOf(server.sealing)]) seen.add(key);
    }
    expect(seen.size).toBe(100);
  });

  it('B6: a captured conversation means nothing to a new session, from its first byte on', () => {
    const recorded = nativePair({ seed: 1 }).run();
    recorded.agent.notify('order', bytesOfText('pay'), null);
    recorded.server.notify('order', bytesOfText('pay'), null);
    recorded.run();
    for (const side of SIDES) {
      const captured = recorded.wire.filter(({ from }) => from === otherSide(side)).map(({ bytes }) => bytes);
      const whole = nativePair({ seed: 2, agentCrypto: nativeCrypto });
      for (const bytes of captured) whole[side].receive(bytes, whole.now);
      const opened = eventsOf(whole[side]).map((event) => event.type);
      expect(opened).toEqual(['closed']);
      const open = openPair({ seed: 3 });
      open[side].receive(captured.at(-1)!, open.now);
      expect(eventsOf(open[side])).toEqual([expect.objectContaining({ type: 'closed', code: 'E_DECRYPT' })]);
    }
  });
});
