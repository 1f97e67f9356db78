/** HandshakeState beyond the published vectors: hybrid pattern, turns, invalid keys, wiping. */
import { describe, expect, it } from '@jest/globals';
import { toHex, utf8Encode } from '../../src/bytes/index.ts';
import type { Crypto } from '../../src/crypto/index.ts';
import { nativeCrypto } from '../../src/crypto-native/index.ts';
import { HandshakeState, type HandshakeStateOptions, type Role } from '../../src/handshake/noise/handshake-state.ts';
import { PATTERNS, protocolName, type PatternName } from '../../src/handshake/noise/patterns.ts';
import {
  AGENT_IDENTITY,
  bound,
  CRYPTO_PAIRS,
  CRYPTOS,
  LOW_ORDER_POINTS,
  recordingCrypto,
  seededRandom,
  SERVER_IDENTITY,
} from './peers.ts';

const PROLOGUE = utf8Encode('prologue');
const HANDSHAKE_FAILED: unknown = expect.objectContaining({ name: 'ProtocolError', code: 'E_HANDSHAKE' });

function side(role: Role, pattern: PatternName, changes: Partial<HandshakeStateOptions> = {}): HandshakeState {
  const [own, remote] = role === 'initiator' ? [AGENT_IDENTITY, SERVER_IDENTITY] : [SERVER_IDENTITY, AGENT_IDENTITY];
  const known = role === 'initiator' ? PATTERNS[pattern].responderKnown : PATTERNS[pattern].initiatorKnown;
  return new HandshakeState({
    crypto: nativeCrypto,
    random: seededRandom(role),
    pattern,
    role,
    prologue: PROLOGUE,
    staticKeys: own,
    ...(known ? { remoteStatic: remote.publicKey } : {}),
    ...changes,
  });
}

/** All messages of a pattern, each with its own payload. */
function run(initiator: HandshakeState, responder: HandshakeState, pattern: PatternName): void {
  PATTERNS[pattern].messages.forEach((_, index) => {
    const [writer, reader] = index % 2 === 0 ? [initiator, responder] : [responder, initiator];
    const payload = utf8Encode(`payload ${String(index)}`);
    expect(reader.readMessage(writer.writeMessage(payload))).toEqual(payload);
  });
}

describe('HandshakeState', () => {
  it('names its protocols as Noise does', () => {
    expect(protocolName('XX')).toBe('Noise_XX_25519_AESGCM_SHA256');
    expect(protocolName('XXhfs')).toBe('Noise_XXhfs_25519+MLKEM768_AESGCM_SHA256');
  });

  describe.each(CRYPTO_PAIRS)('$names', ({ left, right }) => {
    it('B2 B3: XXhfs agrees on keys, hash and identities', () => {
      const initiator = side('initiator', 'XXhfs', { crypto: left });
      const responder = side('responder', 'XXhfs', { crypto: right });
      run(initiator, responder, 'XXhfs');
      expect(initiator.remoteStatic).toEqual(SERVER_IDENTITY.publicKey);
      expect(responder.remoteStatic).toEqual(AGENT_IDENTITY.publicKey);
      expect(initiator.handshakeHash).toEqual(responder.handshakeHash);
      expect(initiator.exportSecret(PROLOGUE)).toEqual(responder.exportSecret(PROLOGUE));
      const keys = initiator.split();
      expect(keys).toEqual(responder.split());
      expect(keys.initiatorToResponder).not.toEqual(keys.responderToInitiator);
    });
  });

  it('B2: the KEM secret enters the keys: the same X25519 keys with another encapsulation give others', () => {
    const keysWith = (secretByte: number): string => {
      // The ciphertext stays the same, only the secret differs: the transcript alone must not explain the result.
      const crypto: Crypto = {
        ...bound(nativeCrypto),
        kemKeyPair: () => nativeCrypto.kemKeyPairFromSeed(new Uint8Array(64)),
        kemEncapsulate: () => ({
          ciphertext: new Uint8Array(1_088),
          sharedSecret: new Uint8Array(32).fill(secretByte),
        }),
        kemDecapsulate: () => new Uint8Array(32).fill(secretByte),
      };
      const initiator = side('initiator', 'XXhfs', { crypto });
      run(initiator, side('responder', 'XXhfs', { crypto }), 'XXhfs');
      return toHex(initiator.split().initiatorToResponder);
    };
    expect(keysWith(1)).toBe(keysWith(1));
    expect(keysWith(1)).not.toBe(keysWith(2));
  });

  it('refuses to act out of turn, before the end and after it', () => {
    const initiator = side('initiator', 'NN');
    const responder = side('responder', 'NN');
    expect(() => side('responder', 'NN').writeMessage(PROLOGUE)).toThrow(TypeError);
    expect(() => side('initiator', 'NN').readMessage(PROLOGUE)).toThrow(TypeError);
    expect(() => side('initiator', 'NN').split()).toThrow('splits after its last message');
    run(initiator, responder, 'NN');
    expect(initiator.finished).toBe(true);
    initiator.split();
    expect(() => initiator.split()).toThrow();
    expect(() => initiator.writeMessage(PROLOGUE)).toThrow(HANDSHAKE_FAILED);
    expect(() => new HandshakeState({ ...optionsWithoutKeys, pattern: 'KK' })).toThrow(TypeError);
  });

  it('refuses messages past 65,535 bytes and too short ones', () => {
    const malformed: unknown = expect.objectContaining({ code: 'E_MALFORMED' });
    expect(() => side('responder', 'NN').readMessage(new Uint8Array(65_536))).toThrow(malformed);
    expect(() => side('responder', 'NN').readMessage(new Uint8Array(31))).toThrow(malformed);
    expect(() => side('initiator', 'NN').writeMessage(new Uint8Array(65_504))).toThrow(RangeError);
    expect(side('initiator', 'NN').writeMessage(new Uint8Array(65_503))).toHaveLength(65_535);
  });

  it('T8: one failed read ends the handshake, also for the right message', () => {
    const initiator = side('initiator', 'XX');
    const responder = side('responder', 'XX');
    responder.readMessage(initiator.writeMessage(PROLOGUE));
    const message = responder.writeMessage(PROLOGUE);
    const wrong = message.slice();
    wrong[40]! ^= 1;
    expect(() => initiator.readMessage(wrong)).toThrow(HANDSHAKE_FAILED);
    expect(() => initiator.readMessage(message)).toThrow(HANDSHAKE_FAILED);
  });

  describe.each(CRYPTOS.map((crypto) => ({ crypto, name: crypto.name })))('$name', ({ crypto }) => {
    it('B12: refuses low-order and all-zero ephemeral points in both directions', () => {
      const points = crypto.name === 'native' ? LOW_ORDER_POINTS : LOW_ORDER_POINTS.slice(0, 3);
      for (const point of points) {
        const responder = side('responder', 'NN', { crypto });
        responder.readMessage(point);
        expect(() => responder.writeMessage(PROLOGUE)).toThrow(HANDSHAKE_FAILED);
        const initiator = side('initiator', 'NN', { crypto });
        initiator.writeMessage(PROLOGUE);
        const message = new Uint8Array(48);
        message.set(point);
        expect(() => initiator.readMessage(message)).toThrow(HANDSHAKE_FAILED);
      }
    });

    it('B12: refuses a low-order static point, even of a peer that computes the zero secret along', () => {
      for (const point of LOW_ORDER_POINTS.slice(0, 3)) {
        for (const evilRole of ['initiator', 'responder'] as const) {
          const evilKeys = { publicKey: point, secretKey: new Uint8Array(32).fill(1) };
          const evilCrypto: Crypto = {
            ...bound(crypto),
            x25519: (secretKey, publicKey) =>
              secretKey === evilKeys.secretKey ? new Uint8Array(32) : crypto.x25519(secretKey, publicKey),
          };
          const evil = { crypto: evilCrypto, staticKeys: evilKeys };
          const initiator = side('initiator', 'XX', evilRole === 'initiator' ? evil : { crypto });
          const responder = side('responder', 'XX', evilRole === 'responder' ? evil : { crypto });
          expect(() => run(initiator, responder, 'XX')).toThrow(HANDSHAKE_FAILED);
          // Without the check the two would agree: the same peers, both computing along.
          const agreeing = side(
            'initiator',
            'XX',
            evilRole === 'initiator' ? evil : { crypto: zeroFor(crypto, point) },
          );
          const other = side('responder', 'XX', evilRole === 'responder' ? evil : { crypto: zeroFor(crypto, point) });
          run(agreeing, other, 'XX');
        }
      }
    });

    it('B12: refuses an ML-KEM key with a coefficient past the modulus', () => {
      const initiator = side('initiator', 'XXhfs', { crypto });
      const message = initiator.writeMessage(PROLOGUE);
      message.fill(0xff, 32, 35);
      const responder = side('responder', 'XXhfs', { crypto });
      responder.readMessage(message);
      expect(() => responder.writeMessage(PROLOGUE)).toThrow(HANDSHAKE_FAILED);
    });

    it('B2: wipes every secret but the transport keys, the ephemerals as soon as no token needs them', () => {
      const recorded = recordingCrypto(crypto);
      const randoms: Uint8Array[] = [];
      const random = (size: number): Uint8Array => {
        const bytes = seededRandom(`wipe ${String(randoms.length)}`)(size);
        randoms.push(bytes);
        return bytes;
      };
      const initiator = side('initiator', 'XX', { crypto: recorded.crypto, random });
      const responder = side('responder', 'XX', { crypto: recorded.crypto, random });
      responder.readMessage(initiator.writeMessage(PROLOGUE));
      initiator.readMessage(responder.writeMessage(PROLOGUE));
      expect(randoms[0]).toEqual(new Uint8Array(32)); // the initiator's: `se` uses its static key
      expect(randoms[1]).not.toEqual(new Uint8Array(32)); // the responder's: `se` is still to come
      responder.readMessage(initiator.writeMessage(PROLOGUE));
      expect(randoms[1]).toEqual(new Uint8Array(32));
      const kept = new Set<Uint8Array>();
      for (const each of [initiator, responder]) {
        const keys = each.split();
        kept.add(keys.initiatorToResponder).add(keys.responderToInitiator);
      }
      expect(recorded.secrets.length).toBeGreaterThan(20);
      for (const secret of recorded.secrets) expect(secret.every((byte) => byte === 0)).toBe(!kept.has(secret));
      expect(AGENT_IDENTITY.secretKey).not.toEqual(new Uint8Array(32));
    });
  });
});

const optionsWithoutKeys = {
  crypto: nativeCrypto,
  random: seededRandom('none'),
  role: 'initiator',
  prologue: PROLOGUE,
} as const;

/** An implementation that forgot the check for this point. */
function zeroFor(crypto: Crypto, point: Uint8Array): Crypto {
  return {
    ...bound(crypto),
    x25519: (secretKey, publicKey) =>
      toHex(publicKey) === toHex(point) ? new Uint8Array(32) : crypto.x25519(secretKey, publicKey),
  };
}
