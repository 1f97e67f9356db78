/** The Noise core against the published cacophony vectors, both roles, both crypto implementations. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { toHex } from '../../src/bytes/index.ts';
import type { Crypto } from '../../src/crypto/index.ts';
import { CipherState } from '../../src/handshake/noise/cipher-state.ts';
import { HandshakeState, type NoiseKeyPair, type Role } from '../../src/handshake/noise/handshake-state.ts';
import { PATTERNS, protocolName, type PatternName } from '../../src/handshake/noise/patterns.ts';
import { bytesOf, CRYPTOS } from '../handshake/peers.ts';

interface Vector {
  readonly protocol_name: string;
  readonly handshake_hash: string;
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
  readonly init_prologue: string;
  readonly init_ephemeral: string;
  readonly init_static?: string;
  readonly init_remote_static?: string;
  readonly resp_prologue: string;
  readonly resp_ephemeral: string;
  readonly resp_static?: string;
  readonly resp_remote_static?: string;
}

const file = new URL('../../../../../shared/vectors/noise-cacophony/cacophony.json', import.meta.url);
const patterns = (Object.keys(PATTERNS) as PatternName[]).filter((name) => name !== 'XXhfs');

if (existsSync(file)) {
  const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: readonly Vector[] };

  describe.each(CRYPTOS.map((crypto) => ({ crypto, name: crypto.name })))('cacophony vectors, $name', ({ crypto }) => {
    it.each(patterns)('B3: %s, both roles, handshake and transport, byte for byte', (pattern) => {
      const matching = vectors.filter((vector) => vector.protocol_name === protocolName(pattern));
      expect(matching).toHaveLength(1);
      for (const vector of matching) replay(crypto, pattern, vector);
    });
  });
} else {
  console.warn('shared/vectors/noise-cacophony is absent: the Noise core was not compared with published vectors.');
  it.skip('B3: cacophony vectors (folder shared/vectors/noise-cacophony absent)', () => undefined);
}

function replay(crypto: Crypto, pattern: PatternName, vector: Vector): void {
  const initiator = side(crypto, pattern, 'initiator', {
    prologue: vector.init_prologue,
    ephemeral: vector.init_ephemeral,
    ownStatic: vector.init_static,
    remoteStatic: vector.init_remote_static,
  });
  const responder = side(crypto, pattern, 'responder', {
    prologue: vector.resp_prologue,
    ephemeral: vector.resp_ephemeral,
    ownStatic: vector.resp_static,
    remoteStatic: vector.resp_remote_static,
  });
  const handshakeMessages = PATTERNS[pattern].messages.length;
  vector.messages.slice(0, handshakeMessages).forEach(({ payload, ciphertext }, index) => {
    const [writer, reader] = index % 2 === 0 ? [initiator, responder] : [responder, initiator];
    const message = writer.writeMessage(bytesOf(payload));
    expect(toHex(message)).toBe(ciphertext);
    expect(toHex(reader.readMessage(message))).toBe(payload);
  });
  for (const each of [initiator, responder]) expect(toHex(each.handshakeHash)).toBe(vector.handshake_hash);
  const senders = transportStates(crypto, initiator);
  const receivers = transportStates(crypto, responder);
  const noBytes = new Uint8Array(0);
  vector.messages.slice(handshakeMessages).forEach(({ payload, ciphertext }, offset) => {
    // The turns go on as in the handshake: even messages are the initiator's.
    const direction = (handshakeMessages + offset) % 2 === 0 ? 0 : 1;
    expect(toHex(senders[direction].encryptWithAd(noBytes, bytesOf(payload)))).toBe(ciphertext);
    expect(toHex(receivers[direction].decryptWithAd(noBytes, bytesOf(ciphertext)))).toBe(payload);
  });
}

interface Side {
  readonly prologue: string;
  readonly ephemeral: string;
  readonly ownStatic: string | undefined;
  readonly remoteStatic: string | undefined;
}

function side(crypto: Crypto, pattern: PatternName, role: Role, keys: Side): HandshakeState {
  const fromSecret = (hex: string): NoiseKeyPair => {
    const secretKey = bytesOf(hex);
    return { secretKey, publicKey: crypto.x25519PublicKey(secretKey) };
  };
  return new HandshakeState({
    crypto,
    random: () => {
      throw new Error('a vector needs no randomness');
    },
    pattern,
    role,
    prologue: bytesOf(keys.prologue),
    ephemeral: fromSecret(keys.ephemeral),
    ...(keys.ownStatic === undefined ? {} : { staticKeys: fromSecret(keys.ownStatic) }),
    ...(keys.remoteStatic === undefined ? {} : { remoteStatic: bytesOf(keys.remoteStatic) }),
  });
}

function transportStates(crypto: Crypto, handshake: HandshakeState): readonly [CipherState, CipherState] {
  const { initiatorToResponder, responderToInitiator } = handshake.split();
  return [new CipherState(crypto, initiatorToResponder), new CipherState(crypto, responderToInitiator)];
}
