/** Key updates that go wrong: each ends the session cleanly, and no key of an epoch tells anything of the next. */
import { describe, expect, it } from '@jest/globals';
import { concat } from '../../src/bytes/index.ts';
import { nativeCrypto } from '../../src/crypto-native/index.ts';
import {
  PacketReader,
  encodeKeyUpdate,
  encodeKeyUpdateRequest,
  encodeKeyUpdateResponse,
  encodePing,
} from '../../src/packets/index.ts';
import { EPOCH_NUMBER_MAX, EPOCH_RECORDS_MAX, RecordOpener, RecordSealer } from '../../src/records/index.ts';
import type { SessionPair } from '../../src/testing/index.ts';
import { DEFAULT_SESSION_LIMITS } from '../../src/wire/index.ts';
import {
  REQUEST,
  SIDES,
  bytesOfText,
  changeLimits,
  endOf,
  eventsOf,
  forge,
  inside,
  nativePair,
  openPair,
  packets,
  sealRaw,
  type Side,
} from './peers.ts';
import { hexOf, recordingCrypto } from './recording-crypto.ts';

const EMPTY = new Uint8Array(0);
const HOUR_MS = 3_600_000;
const KEY = nativeCrypto.x25519PublicKey(new Uint8Array(32).fill(5));
const KEM_KEY = (): Uint8Array => nativeCrypto.kemKeyPair((size) => new Uint8Array(size)).publicKey;

/** One whole key update. */
function update(pair: SessionPair): SessionPair {
  pair.server.receive(sealRaw(pair.agent, Uint8Array.of(0x09, 0, 0, 2, 0x91, 0)), pair.now);
  forge(pair, 'server', (writer) => encodeKeyUpdateRequest(writer, 4));
  return pair.run();
}

/** A pair up to the moment at which the agent's 0x07 (or the server's 0x08) is on its way. */
function inUpdate(
  packetId: 0x07 | 0x08,
  options: Parameters<typeof openPair>[0] = {},
): { pair: SessionPair; record: Uint8Array } {
  const pair = openPair(options);
  forge(pair, 'server', (writer) => encodeKeyUpdateRequest(writer, 4));
  pair.agent.flush(pair.now);
  const asked = concat(...pair.agent.takeOutput());
  if (packetId === 0x07) return { pair, record: asked };
  pair.server.receive(asked, pair.now);
  return { pair, record: concat(...pair.server.takeOutput()) };
}

describe('Key update', () => {
  it('B7: each update changes the keys of both directions, and both sides say so once', () => {
    const pair = openPair();
    for (let epoch = 1; epoch <= 20; epoch++) {
      update(pair);
      expect([pair.agent.epoch, pair.server.epoch]).toEqual([epoch, epoch]);
    }
    const epochs = Array.from({ length: 20 }, (_, index) => index + 1);
    expect(pair.seen('agent', 'key-updated').map((event) => event.epoch)).toEqual(epochs);
    expect(pair.seen('server', 'key-updated').map((event) => event.epoch)).toEqual(epochs);
  });

  it.each([
    ['records', { keyUpdateAfterRecords: 3 }],
    ['bytes', { keyUpdateAfterBytes: 500 }],
  ])('B7: the agent starts an update by %s sealed and opened', (_name, limits) => {
    for (const side of SIDES) {
      const pair = openPair({ agent: { limits: { ...DEFAULT_SESSION_LIMITS, ...limits } } });
      for (let count = 0; count < 4; count++) {
        pair[side].request({ ...REQUEST, body: new Uint8Array(150) }, pair.now);
        pair.run();
      }
      expect(pair.server.epoch).toBeGreaterThanOrEqual(1);
      expect(pair.server.epoch).toBe(pair.agent.epoch);
    }
  });

  it('B7: the agent starts an update by age, to the millisecond, although nothing else is sent', () => {
    const pair = openPair({ limits: { idleTimeoutMs: 2 * HOUR_MS, pingIntervalMs: 2 * HOUR_MS } });
    pair.pass(HOUR_MS - 1);
    expect(pair.agent.epoch).toBe(0);
    expect(pair.agent.wantsTimeoutAt).toBe(pair.now + 1);
    pair.pass(1);
    expect(pair.agent.epoch).toBe(1);
    expect(pair.agent.wantsTimeoutAt).toBe(pair.now + HOUR_MS);
  });

  it('B11: an update that is due while the connection takes nothing keeps no timer running and condemns as ever', () => {
    const pair = openPair({ limits: { keyUpdateAfterMs: 1_000 } });
    pair.now += 1_000;
    pair.agent.timeout(pair.now);
    expect(pair.agent.wantsTimeoutAt).toBeGreaterThan(pair.now);
    while (pair.agent.state !== 'Closed' && pair.now < 100_000) {
      pair.now = pair.agent.wantsTimeoutAt;
      pair.agent.timeout(pair.now);
    }
    expect(pair.now).toBe(16_000);
  });

  it('B7: the server asks once an epoch where the agent is late, and the agent obeys', () => {
    const pair = openPair({ server: { limits: { ...DEFAULT_SESSION_LIMITS, keyUpdateAfterRecords: 3 } } });
    for (let count = 0; count < 4; count++) {
      pair.server.request(REQUEST, pair.now);
      pair.run();
      expect(pair.agent.epoch).toBe(0);
    }
    pair.server.request(REQUEST, pair.now);
    pair.run();
    expect([pair.agent.epoch, pair.server.epoch]).toEqual([1, 1]);
    const large = openPair({ server: { limits: { ...DEFAULT_SESSION_LIMITS, keyUpdateAfterBytes: 300 } } });
    for (let count = 0; count < 2; count++) {
      large.server.request({ ...REQUEST, body: new Uint8Array(400) }, large.now);
      large.run();
    }
    expect(large.agent.epoch).toBe(1);
  });

  it.each([0x07, 0x08] as const)('T11: update packet %i dropped: the next record ends the session', (packetId) => {
    const { pair } = inUpdate(packetId);
    const from: Side = packetId === 0x07 ? 'agent' : 'server';
    const to = from === 'agent' ? pair.server : pair.agent;
    pair[from].request(REQUEST, pair.now);
    pair.run();
    const ends = [endOf(pair.agentEvents), endOf(pair.serverEvents)];
    expect(ends).toContainEqual(expect.objectContaining({ code: 'E_DECRYPT', byPeer: false }));
    expect(to.state).toBe('Closed');
  });

  it.each([0x07, 0x08] as const)(
    'T11: update packet %i dropped and nothing else sent: closed at the deadline',
    (packetId) => {
      const { pair } = inUpdate(packetId, { limits: { pingIntervalMs: HOUR_MS, idleTimeoutMs: HOUR_MS } });
      const waiting = packetId === 0x07 ? [pair.agent] : [pair.agent, pair.server];
      for (const session of waiting) {
        expect(session.wantsTimeoutAt).toBe(pair.now + 30_000);
        session.timeout(pair.now + 29_999);
        expect(session.state).toBe('Open');
        session.timeout(pair.now + 30_000);
        expect(endOf(eventsOf(session))).toMatchObject({ reason: 'failed', code: 'E_IDLE' });
      }
    },
  );

  it.each([0x07, 0x08] as const)('T11: update packet %i duplicated or altered ends the session', (packetId) => {
    const receiver = packetId === 0x07 ? 'server' : 'agent';
    const doubled = inUpdate(packetId);
    doubled.pair[receiver].receive(doubled.record, doubled.pair.now);
    doubled.pair[receiver].receive(doubled.record, doubled.pair.now);
    expect(endOf(eventsOf(doubled.pair[receiver]))).toMatchObject({ code: 'E_DECRYPT' });
    for (let position = 4; position < doubled.record.length; position += 7) {
      const { pair, record } = inUpdate(packetId);
      record[position]! ^= 0x10;
      pair[receiver].receive(record, pair.now);
      const events = eventsOf(pair[receiver]);
      expect(events).toHaveLength(1);
      expect(endOf(events)).toMatchObject({ reason: 'failed', code: 'E_DECRYPT' });
    }
  });

  it('B7: an update packet altered by a peer with valid keys gives other keys: the next record does not open', () => {
    const { pair } = inUpdate(0x07);
    forge(pair, 'server', (writer) => encodeKeyUpdateResponse(writer, 1, KEY, null));
    const events = eventsOf(pair.agent);
    expect(events).toEqual([{ type: 'key-updated', epoch: 1 }]);
    pair.agent.flush(pair.now);
    for (const piece of pair.agent.takeOutput()) pair.server.receive(piece, pair.now);
    expect(endOf(eventsOf(pair.server))).toMatchObject({ code: 'E_DECRYPT' });
  });

  it('B7 D6: a second Key Update while one is pending, wrong epochs and answers nobody asked for are E_STATE', () => {
    const second = openPair();
    for (const epoch of [1, 1]) forge(second, 'agent', (writer) => encodeKeyUpdate(writer, epoch, KEY, null));
    expect(endOf(eventsOf(second.server))).toMatchObject({ code: 'E_STATE' });
    const next = openPair();
    for (const epoch of [1, 2]) forge(next, 'agent', (writer) => encodeKeyUpdate(writer, epoch, KEY, null));
    expect(endOf(eventsOf(next.server))).toMatchObject({ code: 'E_STATE' });
    for (const epoch of [2, 3, EPOCH_NUMBER_MAX]) {
      const pair = openPair();
      forge(pair, 'agent', (writer) => encodeKeyUpdate(writer, epoch, KEY, null));
      expect(endOf(eventsOf(pair.server))).toMatchObject({ code: 'E_STATE' });
      const answered = inUpdate(0x07).pair;
      forge(answered, 'server', (writer) => encodeKeyUpdateResponse(writer, epoch, KEY, null));
      expect(endOf(eventsOf(answered.agent))).toMatchObject({ code: 'E_STATE' });
    }
    const unasked = update(openPair());
    forge(unasked, 'server', (writer) => encodeKeyUpdateResponse(writer, 2, KEY, null));
    expect(endOf(eventsOf(unasked.agent))).toMatchObject({ code: 'E_STATE' });
  });

  it('B7 B12: KEM fields where none belong or none where they belong, and low-order keys, are refused', () => {
    const present = openPair();
    forge(present, 'agent', (writer) => encodeKeyUpdate(writer, 1, KEY, KEM_KEY()));
    expect(endOf(eventsOf(present.server))).toMatchObject({ code: 'E_MALFORMED' });
    const absent = openPair();
    for (let epoch = 1; epoch < 8; epoch++) update(absent);
    forge(absent, 'agent', (writer) => encodeKeyUpdate(writer, 8, KEY, null));
    expect(endOf(eventsOf(absent.server))).toMatchObject({ code: 'E_MALFORMED' });
    const answered = inUpdate(0x07).pair;
    forge(answered, 'server', (writer) => encodeKeyUpdateResponse(writer, 1, KEY, new Uint8Array(1_088)));
    expect(endOf(eventsOf(answered.agent))).toMatchObject({ code: 'E_MALFORMED' });
    const lowOrder = openPair();
    forge(lowOrder, 'agent', (writer) => encodeKeyUpdate(writer, 1, new Uint8Array(32), null));
    expect(endOf(eventsOf(lowOrder.server))).toMatchObject({ code: 'E_HANDSHAKE' });
    const kem = openPair();
    for (let epoch = 1; epoch < 8; epoch++) update(kem);
    forge(kem, 'agent', (writer) => encodeKeyUpdate(writer, 8, KEY, new Uint8Array(1_184).fill(0xff)));
    expect(endOf(eventsOf(kem.server))).toMatchObject({ code: 'E_HANDSHAKE' });
  });

  it('B7: ML-KEM fields travel in every eighth epoch and in no other', () => {
    const [agent, server] = [recordingCrypto(), recordingCrypto()];
    let pairs = 0;
    const counting = {
      ...agent.crypto,
      kemKeyPair: (...args: Parameters<typeof nativeCrypto.kemKeyPair>) => (pairs++, nativeCrypto.kemKeyPair(...args)),
    };
    const pair = nativePair({ agentCrypto: counting, serverCrypto: server.crypto }).run();
    const made: number[] = [];
    for (let epoch = 1; epoch <= 17; epoch++) {
      const before = pairs;
      update(pair);
      if (pairs > before) made.push(epoch);
    }
    expect(made).toEqual([8, 16]);
  });

  it('B7: a record of the next epoch under the keys of this one is refused, before and while an update runs', () => {
    for (const isUpdating of [false, true]) {
      const server = recordingCrypto();
      const pair = nativePair({ serverCrypto: server.crypto }).run();
      eventsOf(pair.agent);
      if (isUpdating) forge(pair, 'server', (writer) => encodeKeyUpdateRequest(writer, 4));
      const early = new RecordSealer(nativeCrypto, server.sealing[0]!.copy, { epoch: 1, records: 0 });
      const pieces: Uint8Array[] = [];
      early.seal(Uint8Array.of(0x09, 0, 0, 2, 0x91, 0), pieces);
      pair.agent.receive(concat(...pieces), pair.now);
      expect(endOf(eventsOf(pair.agent))).toMatchObject({ reason: 'failed', code: 'E_DECRYPT' });
    }
  });

  it('B7 2.4.2: a thief of every traffic key of an epoch opens nothing of the next; all keys differ', () => {
    const [agent, server] = [recordingCrypto(), recordingCrypto()];
    const pair = nativePair({ agentCrypto: agent.crypto, serverCrypto: server.crypto }).run();
    for (let count = 0; count < 10; count++) {
      pair.wire.length = 0;
      const stolen = [...agent.sealing, ...agent.opening, ...server.sealing, ...server.opening].map(({ copy }) => copy);
      const epoch = pair.agent.epoch + 1;
      update(pair);
      pair.agent.request({ ...REQUEST, body: bytesOfText('secret') }, pair.now);
      pair.run();
      const next = pair.wire.filter(({ bytes }) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(4) === epoch);
      expect(next.length).toBeGreaterThan(2);
      for (const { bytes } of next) {
        for (const key of stolen) {
          expect(nativeCrypto.aeadOpen(key, bytes.slice(4, 16), bytes.slice(0, 4), bytes.slice(16))).toBeUndefined();
        }
      }
    }
    const keys = [...hexOf(agent.sealing), ...hexOf(server.sealing)];
    expect([agent.sealing.length, server.sealing.length]).toEqual([11, 11]);
    expect(new Set(keys).size).toBe(22);
    expect(hexOf(agent.sealing)).toEqual(hexOf(server.opening));
    expect(hexOf(server.sealing)).toEqual(hexOf(agent.opening));
  });

  it('B7: old keys are zero after an update, and all keys after the end', () => {
    const [agent, server] = [recordingCrypto(), recordingCrypto()];
    const pair = nativePair({ agentCrypto: agent.crypto, serverCrypto: server.crypto }).run();
    for (let count = 0; count < 9; count++) update(pair);
    const all = [agent.sealing, agent.opening, server.sealing, server.opening];
    const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);
    for (const keys of all) {
      expect(keys).toHaveLength(10);
      expect(keys.map(({ array }) => isZero(array))).toEqual([...Array<boolean>(9).fill(true), false]);
      // rk and both directions share one array: all of what is left of an epoch is gone.
      expect(keys.slice(1, -1).every(({ array }) => isZero(new Uint8Array(array.buffer, 0, 96)))).toBe(true);
    }
    pair.agent.transportEnded();
    pair.server.fail('E_DRAINING', pair.now);
    for (const keys of all) {
      expect(keys.every(({ array }) => isZero(array))).toBe(true);
      expect(isZero(new Uint8Array(keys.at(-1)!.array.buffer, 0, 96))).toBe(true);
    }
  });

  it('A17: an orderly close while an update is under way stays orderly', () => {
    for (const closer of SIDES) {
      for (const packetId of [0x07, 0x08] as const) {
        const { pair, record } = inUpdate(packetId);
        pair[closer].close(pair.now);
        pair[packetId === 0x07 ? 'server' : 'agent'].receive(record, pair.now);
        pair.run();
        for (const events of [pair.agentEvents, pair.serverEvents]) {
          expect([closer, packetId, endOf(events)?.reason]).toEqual([closer, packetId, 'closed']);
        }
      }
    }
  });

  it('A17: nothing follows a close: no update is started with it, no pong and no ping', () => {
    const server = recordingCrypto();
    const pair = nativePair({ serverCrypto: server.crypto }).run();
    pair.server.receive(sealRaw(pair.agent, Uint8Array.of(0x09, 0, 0, 2, 0x91, 7)), pair.now);
    const position = { epoch: 0, records: inside(pair.server).sealer!.records };
    pair.server.notify('before', EMPTY, null);
    pair.server.close(pair.now);
    const last = concat(...pair.server.takeOutput());
    const opener = new RecordOpener(nativeCrypto, server.sealing[0]!.copy, position);
    const reader = new PacketReader(opener.open(last));
    const ids: number[] = [];
    for (let packet = reader.next(); packet !== undefined; packet = reader.next()) ids.push(packet.id);
    expect(ids).toEqual([0x23, 0x0d]);
    const due = openPair();
    changeLimits(due.agent, { keyUpdateAfterRecords: 1 });
    due.agent.request(REQUEST, due.now);
    due.agent.close(due.now);
    due.run();
    expect([due.agentEvents, due.serverEvents].map((events) => endOf(events)?.reason)).toEqual(['closed', 'closed']);
    expect(due.seen('agent', 'key-updated')).toEqual([]);
  });

  it('B7: a packet behind 0x08 in its record is refused: the key has changed before it', () => {
    const pair = openPair();
    forge(pair, 'server', (writer) => encodeKeyUpdateRequest(writer, 4));
    pair.agent.flush(pair.now);
    pair.agent.takeOutput();
    const forged = packets((writer) => {
      encodeKeyUpdateResponse(writer, 1, KEY, null);
      encodePing(writer, 1);
    });
    pair.agent.receive(sealRaw(pair.server, forged), pair.now);
    expect(endOf(eventsOf(pair.agent))).toMatchObject({ reason: 'failed', code: 'E_STATE', byPeer: false });
  });

  it('A17: the close timeout holds when the peer enters the new epoch but never closes', () => {
    const { pair, record } = inUpdate(0x08);
    pair.server.close(pair.now);
    pair.agent.receive(record, pair.now);
    pair.agent.flush(pair.now);
    for (const piece of pair.agent.takeOutput()) pair.server.receive(piece, pair.now);
    expect(pair.server.wantsTimeoutAt).toBe(pair.now + DEFAULT_SESSION_LIMITS.closeTimeoutMs);
    pair.server.timeout(pair.now + DEFAULT_SESSION_LIMITS.closeTimeoutMs);
    expect(endOf(eventsOf(pair.server))).toMatchObject({ reason: 'closed' });
  });

  it('T9: at the hard stop of an epoch a session ends with E_RECORD_LIMIT and throws nothing', () => {
    for (const side of SIDES) {
      const pair = openPair();
      const session = pair[side];
      const key = new Uint8Array(32);
      inside(session).sealer = new RecordSealer(nativeCrypto, key, { epoch: 0, records: EPOCH_RECORDS_MAX });
      inside(session).outbox.useSealer(inside(session).sealer!);
      changeLimits(session, { keyUpdateAfterRecords: 2 ** 40 });
      const streamId = session.openStream('big')!;
      expect(session.sendStreamData(streamId, new Uint8Array(200_000))).toBe(200_000);
      session.flush(pair.now);
      expect(session.takeOutput()).toEqual([]);
      expect(endOf(eventsOf(session))).toMatchObject({ reason: 'failed', code: 'E_RECORD_LIMIT' });
    }
  });

  it('T9: no key update begins in the last epoch', () => {
    const pair = openPair();
    changeLimits(pair.agent, { keyUpdateAfterRecords: 1 });
    const sealer = new RecordSealer(nativeCrypto, new Uint8Array(32), { epoch: EPOCH_NUMBER_MAX, records: 5 });
    inside(pair.agent).sealer = sealer;
    inside(pair.agent).outbox.useSealer(sealer);
    pair.agent.flush(pair.now);
    pair.agent.timeout(pair.now + HOUR_MS);
    expect(pair.agent.state).toBe('Open');
    expect(sealer.epoch).toBe(EPOCH_NUMBER_MAX);
  });
});
