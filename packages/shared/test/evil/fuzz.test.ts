/** Rule 2 of reliability.md: no bytes, in any state, cut anyhow, make a session throw, grow or end twice. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { concat } from '../../src/bytes/index.ts';
import { encodeFrame } from '../../src/frames/index.ts';
import type { Session, SessionState } from '../../src/session/index.ts';
import { SIDES, endOf, eventsOf, inside, sealRaw, type Side } from '../session/peers.ts';
import { STATES, packetWithId, pairIn, peerOf } from './states.ts';

const CASES = SIDES.flatMap((side) => STATES[side].map((state) => ({ side, state })));

/** Gives bytes to a session in pieces of these sizes, over and over; then lets all its deadlines pass. */
function feed(session: Session, bytes: Uint8Array, sizes: readonly number[], now: number): void {
  for (let offset = 0, index = 0; offset < bytes.length; index++) {
    const end = offset + sizes[index % sizes.length]!;
    const chunk = bytes.slice(offset, end);
    session.receive(chunk, now);
    chunk.fill(0xee);
    session.flush(now);
    session.takeOutput();
    offset = end;
  }
}

/** Bytes as peers send them when they go wrong: noise, frames of noise, valid records of noise, records with a flaw. */
function hostileBytes(side: Side, state: SessionState): fc.Arbitrary<(peer: Session) => Uint8Array> {
  const noise = fc.uint8Array({ minLength: 1, maxLength: 300 });
  const packet = fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 40 })).map(([id, body]) => {
    return concat(Uint8Array.of(id, 0, 0, body.length), body);
  });
  const known = fc.nat(0x3e).map((id) => packetWithId(id, side));
  const plain = fc.oneof(
    noise,
    packet,
    fc.array(fc.oneof(known, packet), { minLength: 1, maxLength: 5 }).map((all) => concat(...all)),
  );
  const hasKeys = ![
    'AwaitEncryptionRequest',
    'AwaitEncryptionResponse',
    'AwaitEncryptionFinish',
    'AwaitTrust',
  ].includes(state);
  const asRecord = plain.map((plaintext) => (peer: Session) => {
    return hasKeys && inside(peer).sealer !== undefined && peer.state !== 'Closed'
      ? sealRaw(peer, plaintext)
      : encodeFrame(plaintext);
  });
  return fc.oneof(
    noise.map((bytes) => () => bytes),
    plain.map((bytes) => () => encodeFrame(bytes)),
    asRecord,
  );
}

describe('Fuzz', () => {
  it.each(CASES)('D2: $side in $state: hostile bytes, whole, byte by byte and cut at random', ({ side, state }) => {
    const sizes = fc.oneof(
      fc.constant([1_000_000]),
      fc.constant([1]),
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.array(hostileBytes(side, state), { minLength: 1, maxLength: 6 }), sizes, (makers, cuts) => {
        const pair = pairIn(side, state);
        const session = pair[side];
        const bytes = concat(...makers.map((make) => make(pair[peerOf(side)])));
        feed(session, bytes, cuts, pair.now);
        const before = session.state;
        for (let count = 0; count < 20 && session.state !== 'Closed'; count++) {
          session.timeout(session.wantsTimeoutAt);
          session.flush(pair.now);
        }
        const end = endOf(eventsOf(session));
        if (state !== 'Closed') expect([before, end !== undefined]).toEqual([before, true]);
        session.receive(bytes, pair.now);
        expect(eventsOf(session)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it.each(CASES.filter(({ state }) => state !== 'Closed'))(
    '2.1.8: $side in $state: an announced giant costs no memory and ends the session at once',
    ({ side, state }) => {
      for (const length of [0xffff_ffff, 0x8000_0000, 300_000_000, 262_173]) {
        const pair = pairIn(side, state);
        const header = new Uint8Array(16);
        new DataView(header.buffer).setUint32(0, length);
        const before = process.memoryUsage().arrayBuffers;
        for (const byte of header) pair[side].receive(Uint8Array.of(byte), pair.now);
        expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100_000);
        expect(endOf(eventsOf(pair[side]))).toMatchObject({ reason: 'failed', code: 'E_TOO_LARGE' });
      }
    },
  );

  it('2.1.8: before authentication no more than 4 KiB are accepted; memory grows with what came, not what was promised', () => {
    for (const state of ['AwaitEncryptionRequest', 'AwaitEncryptionFinish', 'AwaitDecision'] as const) {
      const pair = pairIn('server', state);
      pair.server.receive(Uint8Array.of(0, 0, 0x10, 0x01), pair.now);
      expect(endOf(eventsOf(pair.server))).toMatchObject({ code: 'E_TOO_LARGE' });
    }
    const pair = pairIn('server', 'Open');
    const before = process.memoryUsage().arrayBuffers;
    pair.server.receive(Uint8Array.of(0, 4, 0, 0), pair.now);
    for (let count = 0; count < 100; count++) pair.server.receive(Uint8Array.of(0), pair.now);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16_384);
    expect(pair.server.state).toBe('Open');
  });
});
