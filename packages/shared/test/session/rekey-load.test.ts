/** T10, B7: key updates while both sides send at full rate, the wire cut at random. */
import { describe, expect, it } from '@jest/globals';
import { concat } from '../../src/bytes/index.ts';
import type { Session } from '../../src/session/index.ts';
import { seededRandom } from '../../src/testing/index.ts';
import { REQUEST, SIDES, endOf, openPair, otherSide, type Side } from './peers.ts';

/** T10 asks for 10,000; they take 40 s on two slow cores, so that the normal run makes fewer and says so. */
const UPDATES_FULL = 10_000;
const UPDATES = process.env['TEST_LONG_KEY_UPDATES'] === '1' ? UPDATES_FULL : 1_000;
if (UPDATES < UPDATES_FULL)
  console.warn(`T10: ${UPDATES} key updates instead of ${UPDATES_FULL}; TEST_LONG_KEY_UPDATES=1 makes all`);
const SEED = 20_261_121;

const numberBytes = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
};
const numberOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);

/** What one side sends and checks: requests and a stream, each numbered. */
class Load {
  readonly session: Session;
  readonly streamId: number;
  sent = 0;
  answered = 0;
  received = 0;
  streamSent = 0;
  streamReceived = 0;

  constructor(session: Session) {
    this.session = session;
    this.streamId = session.openStream('load')!;
  }

  /** Asks once and writes a few numbers to the stream, as far as credit goes. */
  send(now: number): void {
    const requestId = this.session.request({ ...REQUEST, body: numberBytes(this.sent) }, now);
    if (requestId !== undefined) this.sent += 1;
    const numbers = concat(...[0, 1, 2].map((offset) => numberBytes(this.streamSent + offset)));
    if (this.session.streamSendableBytes(this.streamId) < numbers.length) return;
    const taken = this.session.sendStreamData(this.streamId, numbers);
    if (taken !== numbers.length) throw new Error(`the stream took ${taken} bytes`);
    this.streamSent += 3;
  }

  /** Takes what came: everything must come once and in order. */
  take(now: number): void {
    for (let event = this.session.nextEvent(); event !== undefined; event = this.session.nextEvent()) {
      if (event.type === 'request') {
        if (numberOf(event.request.body) !== this.received) throw new Error(`request ${this.received} is missing`);
        this.received += 1;
        const { requestId, body } = event.request;
        this.session.respond({ requestId, status: 0, last: true, body, contentType: null, code: undefined });
      } else if (event.type === 'response') {
        if (numberOf(event.response.body) !== this.answered) throw new Error(`response ${this.answered} is missing`);
        this.answered += 1;
      } else if (event.type === 'stream-data') {
        for (let offset = 0; offset < event.bytes.length; offset += 4) {
          if (numberOf(event.bytes.subarray(offset)) !== this.streamReceived) throw new Error('the stream has a gap');
          this.streamReceived += 1;
        }
        this.session.consumeStream(event.streamId, event.bytes.length);
      } else if (event.type === 'closed') throw new Error(`closed at ${now}: ${String(event.code)}`);
    }
  }
}

describe('Key update under load', () => {
  it(`T10 B7: ${UPDATES} updates with both sides sending and a wire cut at random lose nothing and keep order`, () => {
    const pair = openPair({ limits: { keyUpdateAfterRecords: 2 } });
    const random = seededRandom(SEED);
    const loads: Readonly<Record<Side, Load>> = { agent: new Load(pair.agent), server: new Load(pair.server) };
    const inFlight: Record<Side, Uint8Array[]> = { agent: [], server: [] };
    let late = 0;
    const step = (sends: boolean): void => {
      for (const side of SIDES) {
        if (sends) loads[side].send(pair.now);
        pair[side].flush(pair.now);
        inFlight[side].push(...pair[side].takeOutput());
      }
      for (const side of SIDES) {
        // Now and then nothing arrives in one direction: more is on its way when the keys change.
        const chance = random(2);
        if (sends && chance[0]! < 64) continue;
        const bytes = concat(...inFlight[side]);
        const kept = sends && chance[1]! < 128 ? Math.min(bytes.length, chance[1]!) : 0;
        inFlight[side] = kept > 0 ? [bytes.slice(bytes.length - kept)] : [];
        if (kept > 0) late += 1;
        const delivered = bytes.subarray(0, bytes.length - kept);
        const cut = delivered.length === 0 ? 0 : chance[0]! % delivered.length;
        pair[otherSide(side)].receive(delivered.slice(0, cut), pair.now);
        pair[otherSide(side)].receive(delivered.slice(cut), pair.now);
        loads[otherSide(side)].take(pair.now);
      }
    };
    while (pair.agent.epoch < UPDATES) step(true);
    for (let count = 0; count < 20; count++) step(false);
    for (const side of SIDES) {
      const [own, other] = [loads[side], loads[otherSide(side)]];
      expect(own.sent).toBeGreaterThan(UPDATES);
      expect([own.received, own.streamReceived]).toEqual([other.sent, other.streamSent]);
      expect(own.answered).toBe(own.sent);
    }
    expect(pair.server.epoch).toBe(pair.agent.epoch);
    expect(late).toBeGreaterThan(UPDATES);
    expect(endOf(pair.agentEvents)).toBeUndefined();
  }, 240_000);
});
