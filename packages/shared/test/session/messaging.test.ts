/** Packets of messaging between two sessions: what arrives, what is refused, and peers without messaging. */
import { describe, expect, it } from '@jest/globals';
import { MESSAGING_CALLS } from '../../src/items/index.ts';
import { WIRE_VERSIONS } from '../../src/wire/index.ts';
import { samplePacket } from '../../src/testing/packet-samples.ts';
import { SIDES, endOf, forge, openPair, otherSide, type Side } from './peers.ts';

const IDS = WIRE_VERSIONS.find(({ version }) => version === 3)!.packetIds.filter((id) => id >= 0x40);
const CALLS = Object.keys(MESSAGING_CALLS).map(Number);
const receiverOf = (id: number): Side => (CALLS.includes(id) ? 'server' : 'agent');

describe('messaging over a session', () => {
  it.each(IDS)('0x%s arrives at whom it is for, and is an error of the connection at the other', (id) => {
    const receiver = receiverOf(id);
    const pair = openPair();
    forge(pair, otherSide(receiver), (writer) => void writer.bytes(samplePacket(id, receiver)));
    pair.run();
    expect(pair.seen(receiver, 'messaging')).toMatchObject([{ packet: { id } }]);
    const wrong = openPair();
    forge(wrong, receiver, (writer) => void writer.bytes(samplePacket(id, otherSide(receiver))));
    wrong.run();
    const events = receiver === 'agent' ? wrong.serverEvents : wrong.agentEvents;
    expect(endOf(events)).toMatchObject({ code: 'E_STATE' });
  });

  it('a call and its answer', () => {
    const pair = openPair();
    pair.agent.sendCall({ id: 0x59, call: 7, treeSize: 3 });
    pair.run();
    expect(pair.seen('server', 'messaging')).toEqual([
      { type: 'messaging', packet: { id: 0x59, call: 7, treeSize: 3 } },
    ]);
    pair.server.sendMessaging({ id: 0x5c, call: 7, code: 0x60, retryAfterMs: 0, epoch: 0 });
    pair.run();
    expect(pair.seen('agent', 'messaging')).toMatchObject([{ packet: { id: 0x5c, call: 7, code: 0x60 } }]);
  });

  it.each(SIDES)('O6: with a %s of version 2 nothing of it travels, and it says so', (old) => {
    const pair = openPair({ [old]: { versions: { min: 1, max: 2 } } });
    expect([pair.agent.hasMessaging, pair.server.hasMessaging]).toEqual([false, false]);
    const refused = expect.objectContaining({ code: 'E_NO_MESSAGING' }) as unknown;
    expect(() => pair.agent.sendCall({ id: 0x59, call: 7, treeSize: 3 })).toThrow(refused);
    expect(() => pair.server.sendMessaging({ id: 0x5c, call: 7, code: 1, retryAfterMs: 0, epoch: 0 })).toThrow(refused);
    expect(pair.run().wire).toEqual([]);
  });

  it('a field over its limit is refused here, and the session stays as it was', () => {
    const pair = openPair();
    const username = 'x'.repeat(33);
    expect(() => pair.agent.sendCall({ id: 0x46, call: 1, username, fromIndex: 0, treeSize: 0 })).toThrow(RangeError);
    pair.agent.sendCall({ id: 0x59, call: 2, treeSize: 0 });
    pair.run();
    expect(pair.seen('server', 'messaging')).toHaveLength(1);
  });
});
