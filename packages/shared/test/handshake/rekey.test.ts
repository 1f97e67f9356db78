/** The key schedule of key updates: agreement, binding, independence from traffic keys, wiping. */
import { describe, expect, it } from '@jest/globals';
import { concat, toHex } from '../../src/bytes/index.ts';
import type { Crypto, Random } from '../../src/crypto/index.ts';
import { nativeCrypto } from '../../src/crypto-native/index.ts';
import {
  answerKeyUpdate,
  epochHasKem,
  startKeyUpdate,
  type EpochKeys,
  type KeyUpdateFields,
} from '../../src/handshake/index.ts';
import { SUITE, type SuiteId } from '../../src/wire/index.ts';
import {
  AGENT_IDENTITY,
  CRYPTO_PAIRS,
  flipBit,
  keyPair,
  LOW_ORDER_POINTS,
  recordingCrypto,
  seededRandom,
  SERVER_IDENTITY,
  thrownBy,
} from './peers.ts';

const RK = new Uint8Array(32).fill(0x5a);
/** A stand-in for the packet codec: header, key, KEM bytes. */
const encode = (id: number, { key, kem }: KeyUpdateFields): Uint8Array =>
  concat(Uint8Array.of(id, 0, 0, 0), key, kem ?? new Uint8Array(0));

interface Changes {
  readonly agentCrypto?: Crypto;
  readonly serverCrypto?: Crypto;
  readonly suite?: SuiteId;
  readonly epoch?: number;
  readonly agentRk?: Uint8Array;
  readonly agentIdentity?: typeof AGENT_IDENTITY;
  readonly serverKey?: Uint8Array;
  readonly updateSeen?: (packet: Uint8Array) => Uint8Array;
  readonly responseSeen?: (packet: Uint8Array) => Uint8Array;
  readonly update?: (fields: KeyUpdateFields) => KeyUpdateFields;
  readonly response?: (fields: KeyUpdateFields) => KeyUpdateFields;
  readonly agentRandom?: Random;
}

const same = <Value>(value: Value): Value => value;

/** One key update; `changes` spoil what one of the sides uses. */
function update(changes: Changes = {}): { agent: EpochKeys; server: EpochKeys } {
  const { suite = SUITE.hybrid, epoch = 8, agentCrypto = nativeCrypto, serverCrypto = nativeCrypto } = changes;
  const random = changes.agentRandom ?? seededRandom('agent update');
  const { key, kem, next } = startKeyUpdate({ crypto: agentCrypto, random, suite, epoch });
  const updatePacket = encode(7, { key, kem });
  let answer: KeyUpdateFields | undefined;
  const { responsePacket, keys: server } = answerKeyUpdate({
    crypto: serverCrypto,
    random: seededRandom('server update'),
    suite,
    epoch,
    identity: SERVER_IDENTITY,
    agentKey: AGENT_IDENTITY.publicKey,
    rekey: RK,
    fields: (changes.update ?? same)({ key, kem }),
    updatePacket: (changes.updateSeen ?? same)(updatePacket),
    encodeResponse: (fields) => encode(8, (answer = fields)),
  });
  const agent = next.finish({
    identity: changes.agentIdentity ?? AGENT_IDENTITY,
    serverKey: changes.serverKey ?? SERVER_IDENTITY.publicKey,
    rekey: changes.agentRk ?? RK,
    fields: (changes.response ?? same)(answer!),
    updatePacket,
    responsePacket: (changes.responseSeen ?? same)(responsePacket),
  });
  return { agent, server };
}

const texts = (keys: EpochKeys): string[] => [keys.rekey, keys.agentToServer, keys.serverToAgent].map(toHex);

/** Neither rk' nor a traffic key of the two sides is the same. */
function expectNothingShared({ agent, server }: { agent: EpochKeys; server: EpochKeys }): void {
  expect(new Set([...texts(agent), ...texts(server)]).size).toBe(6);
}

describe('key update', () => {
  describe.each(CRYPTO_PAIRS)('agent $left.name, server $right.name', ({ left, right }) => {
    it.each([
      { suite: SUITE.hybrid, epoch: 8 },
      { suite: SUITE.hybrid, epoch: 9 },
      { suite: SUITE.classical, epoch: 8 },
    ])('B7: both sides agree (suite $suite, epoch $epoch)', ({ suite, epoch }) => {
      const { agent, server } = update({ agentCrypto: left, serverCrypto: right, suite, epoch });
      expect(texts(agent)).toEqual(texts(server));
      expect(new Set(texts(agent)).size).toBe(3);
      for (const key of texts(agent)) expect(key).toMatch(/^[0-9a-f]{64}$/);
    });
  });

  it('B7: every eighth epoch of the hybrid suite has a KEM exchange, and it enters the keys', () => {
    expect([1, 7, 8, 9, 15, 16, 24].map((epoch) => epochHasKem(SUITE.hybrid, epoch))).toEqual([
      ...[false, false, true, false, false, true, true],
    ]);
    expect(epochHasKem(SUITE.classical, 8)).toBe(false);
    const { kem } = startKeyUpdate({ crypto: nativeCrypto, random: seededRandom('a'), suite: 1, epoch: 16 });
    expect(kem).toHaveLength(1_184);
    // An altered ciphertext decapsulates to another secret; the packets' bytes stay the same here.
    expectNothingShared(update({ response: ({ key, kem: ciphertext }) => ({ key, kem: flipBit(ciphertext!, 0, 0) }) }));
  });

  it('B7: a thief of every traffic key, even of the ephemeral secrets, gains nothing without rk', () => {
    // The thief plays the agent's part with everything the agent has, except rk, for which it has traffic keys.
    const stolen = update({ epoch: 7 });
    for (const guess of [stolen.agent.agentToServer, stolen.agent.serverToAgent, new Uint8Array(32)]) {
      expectNothingShared(update({ agentRk: guess }));
    }
    expectNothingShared(update({ agentRk: flipBit(RK, 31, 7) }));
  });

  it('B7: a thief of rk and of every traffic key gains nothing without the secrets of the exchange', () => {
    // Each of ee, es, se is needed: the thief lacks one secret at a time.
    expectNothingShared(update({ epoch: 9, serverKey: keyPair('thief').publicKey }));
    expectNothingShared(update({ epoch: 9, agentIdentity: keyPair('thief') }));
    expectNothingShared(update({ epoch: 9, response: ({ kem }) => ({ key: keyPair('thief').publicKey, kem }) }));
    expectNothingShared(update({ epoch: 9, update: ({ kem }) => ({ key: keyPair('thief').publicKey, kem }) }));
  });

  it('B7: the new rk and keys say nothing about each other or the next epoch', () => {
    const first = update({ epoch: 1 }).agent;
    const next = update({ epoch: 1, agentRk: first.rekey }).agent;
    expect(new Set([...texts(first), ...texts(next), toHex(RK)]).size).toBe(7);
  });

  it('B3 B7 T11: any one byte of either packet changes every key', () => {
    const sizes = { updateSeen: 4 + 32 + 1_184, responseSeen: 4 + 32 + 1_088 };
    for (const [name, size] of Object.entries(sizes)) {
      for (let offset = 0; offset < size; offset += offset < 40 ? 1 : 97) {
        expectNothingShared(update({ [name]: (packet: Uint8Array) => flipBit(packet, offset, offset & 7) }));
      }
    }
  });

  it('A12: refuses fields of a wrong size and KEM bytes that are missing or out of place, on both sides', () => {
    const malformed = { name: 'ProtocolError', code: 'E_MALFORMED' };
    const wrong: ((fields: KeyUpdateFields) => KeyUpdateFields)[] = [
      ({ kem }) => ({ key: new Uint8Array(31), kem }),
      ({ key }) => ({ key, kem: undefined }),
      ({ key }) => ({ key, kem: new Uint8Array(1_000) }),
    ];
    for (const change of wrong) {
      expect(thrownBy(() => update({ update: change }))).toMatchObject(malformed);
      expect(thrownBy(() => update({ response: change }))).toMatchObject(malformed);
    }
    const extra = ({ key }: KeyUpdateFields): KeyUpdateFields => ({ key, kem: new Uint8Array(1_184) });
    expect(thrownBy(() => update({ epoch: 9, update: extra }))).toMatchObject(malformed);
    expect(thrownBy(() => update({ epoch: 9, response: extra }))).toMatchObject(malformed);
  });

  it('B12: refuses low-order points and invalid ML-KEM keys, on both sides', () => {
    const failed = { name: 'ProtocolError', code: 'E_HANDSHAKE' };
    for (const key of LOW_ORDER_POINTS) {
      expect(thrownBy(() => update({ update: ({ kem }) => ({ key, kem }) }))).toMatchObject(failed);
      expect(thrownBy(() => update({ response: ({ kem }) => ({ key, kem }) }))).toMatchObject(failed);
    }
    const kem = new Uint8Array(1_184).fill(0xff);
    expect(thrownBy(() => update({ update: ({ key }) => ({ key, kem }) }))).toMatchObject(failed);
  });

  it('B2 B7: wipes everything but the new keys; rk and the identities stay with their owners', () => {
    const recorded = recordingCrypto(nativeCrypto);
    const keys = update({ agentCrypto: recorded.crypto, serverCrypto: recorded.crypto });
    expect(recorded.secrets.length).toBeGreaterThan(15);
    for (const secret of recorded.secrets) expect(secret).toEqual(new Uint8Array(32));
    const lost = recordingCrypto(nativeCrypto);
    startKeyUpdate({ crypto: lost.crypto, random: seededRandom('x'), suite: 1, epoch: 8 }).next.abandon();
    expect(
      thrownBy(() => update({ agentCrypto: lost.crypto, response: ({ key }) => ({ key, kem: undefined }) })),
    ).toBeDefined();
    expect(lost.secrets.length).toBe(2);
    for (const secret of lost.secrets) expect(secret).toEqual(new Uint8Array(32));
    expect(RK[0]).toBe(0x5a);
    expect(AGENT_IDENTITY.secretKey).not.toEqual(new Uint8Array(32));
    keys.agent.wipe();
    expect(texts(keys.agent)).toEqual(Array.from({ length: 3 }, () => '00'.repeat(32)));
    expect(JSON.stringify(keys.server)).toBe('{}');
  });
});
