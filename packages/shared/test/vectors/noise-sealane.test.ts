/**
 * Frozen vectors of Sealane's own: XXhfs in the cacophony format, whole handshakes and key updates
 * (`noise-sealane.json`; docs/protocols/handshake.md §11). Written once with the portable implementation; a
 * change here is a change of the wire.
 *
 * Native ML-KEM cannot be seeded when it encapsulates: there the native side replays the agent's part only.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { concat, toHex } from '../../src/bytes/index.ts';
import { portableCrypto, SIZES, type Crypto, type Random } from '../../src/crypto/index.ts';
import { nativeCrypto } from '../../src/crypto-native/index.ts';
import {
  answerKeyUpdate,
  AwaitEncryptionRequest,
  startAgentHandshake,
  startKeyUpdate,
  type EpochKeys,
  type KeyUpdateFields,
  type SessionKeys,
} from '../../src/handshake/index.ts';
import type { SuiteId } from '../../src/wire/index.ts';
import { HandshakeState, type NoiseKeyPair, type Role } from '../../src/handshake/noise/handshake-state.ts';
import { bound, bytesOf, CRYPTOS } from '../handshake/peers.ts';

interface Seeds {
  readonly static_secret: string;
  readonly ephemeral_secret: string;
}
interface AgentSeeds extends Seeds {
  readonly kem_seed?: string;
}
interface ServerSeeds extends Seeds {
  readonly kem_message?: string;
}
interface NoiseVector {
  readonly protocol_name: string;
  readonly prologue: string;
  readonly initiator: AgentSeeds;
  readonly responder: ServerSeeds;
  readonly handshake_hash: string;
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
  readonly initiator_to_responder: string;
  readonly responder_to_initiator: string;
}
interface HandshakeVector {
  readonly name: string;
  readonly suites: readonly SuiteId[];
  readonly suite: SuiteId;
  readonly agent: AgentSeeds & { readonly verify_token: string };
  readonly server: ServerSeeds;
  readonly request: string;
  readonly response_payload: string;
  readonly response: string;
  readonly finish_payload: string;
  readonly finish: string;
  readonly handshake_hash: string;
  readonly agent_to_server: string;
  readonly server_to_agent: string;
  readonly rekey: string;
}
interface KeyUpdateVector {
  readonly name: string;
  readonly suite: SuiteId;
  readonly epoch: number;
  readonly agent: AgentSeeds;
  readonly server: ServerSeeds;
  readonly rekey: string;
  readonly update_packet: string;
  readonly response_packet: string;
  readonly new_rekey: string;
  readonly agent_to_server: string;
  readonly server_to_agent: string;
}
interface Vectors {
  readonly noise: readonly NoiseVector[];
  readonly handshakes: readonly HandshakeVector[];
  readonly key_updates: readonly KeyUpdateVector[];
}

const vectors = JSON.parse(readFileSync(new URL('noise-sealane.json', import.meta.url), 'utf8')) as Vectors;

describe.each(CRYPTOS.map((crypto) => ({ crypto, name: crypto.name })))('own frozen vectors, $name', ({ crypto }) => {
  it.each(vectors.noise)('B3: $protocol_name', (vector) => {
    const initiator = noiseSide(crypto, 'initiator', vector);
    const responder = seedsEncapsulation(crypto) ? noiseSide(crypto, 'responder', vector) : undefined;
    vector.messages.forEach(({ payload, ciphertext }, index) => {
      const [writer, reader] = index % 2 === 0 ? [initiator, responder] : [responder, initiator];
      if (writer !== undefined) expect(toHex(writer.writeMessage(bytesOf(payload)))).toBe(ciphertext);
      if (reader !== undefined) expect(toHex(reader.readMessage(bytesOf(ciphertext)))).toBe(payload);
    });
    for (const side of responder === undefined ? [initiator] : [initiator, responder]) {
      expect(toHex(side.handshakeHash)).toBe(vector.handshake_hash);
      const keys = side.split();
      expect(toHex(keys.initiatorToResponder)).toBe(vector.initiator_to_responder);
      expect(toHex(keys.responderToInitiator)).toBe(vector.responder_to_initiator);
    }
  });

  it.each(vectors.handshakes)('B3: handshake, $name', (vector) => {
    const versions = { min: 1, max: 1 };
    const { request, next } = startAgentHandshake({
      crypto: seeded(crypto),
      random: queued(vector.agent.ephemeral_secret, vector.agent.kem_seed, vector.agent.verify_token),
      identity: keysOf(crypto, vector.agent.static_secret),
      suites: vector.suites,
      versions,
    });
    expect(toHex(request)).toBe(vector.request);
    const decides = next.read(bytesOf(vector.response));
    expect(decides.serverKey).toEqual(keysOf(crypto, vector.server.static_secret).publicKey);
    expect(toHex(decides.payload)).toBe(vector.response_payload);
    const { finish, keys } = decides.finish(bytesOf(vector.finish_payload));
    expect(toHex(finish)).toBe(vector.finish);
    expectKeys(keys, vector);

    if (vector.server.kem_message !== undefined && !seedsEncapsulation(crypto)) return;
    const server = new AwaitEncryptionRequest({
      crypto,
      random: queued(vector.server.ephemeral_secret, vector.server.kem_message),
      identity: keysOf(crypto, vector.server.static_secret),
      suites: [vector.suite],
      versions,
    });
    const { response, next: awaitFinish } = server
      .read(bytesOf(vector.request))
      .next.respond(() => bytesOf(vector.response_payload));
    expect(toHex(response)).toBe(vector.response);
    const finished = awaitFinish.read(bytesOf(vector.finish));
    expect(toHex(finished.payload)).toBe(vector.finish_payload);
    expectKeys(finished.keys, vector);
  });

  it.each(vectors.key_updates)('B7: key update, $name', (vector) => {
    const { suite, epoch } = vector;
    const rekey = bytesOf(vector.rekey);
    const agent = keysOf(crypto, vector.agent.static_secret);
    const server = keysOf(crypto, vector.server.static_secret);
    const updatePacket = bytesOf(vector.update_packet);
    const responsePacket = bytesOf(vector.response_packet);
    const random = queued(vector.agent.ephemeral_secret, vector.agent.kem_seed);
    const { key, kem, next } = startKeyUpdate({ crypto: seeded(crypto), random, suite, epoch });
    expect(toHex(encodeFields(7, { key, kem }))).toBe(vector.update_packet);
    const fields = decodeFields(responsePacket);
    expectEpochKeys(
      next.finish({ identity: agent, serverKey: server.publicKey, rekey, fields, updatePacket, responsePacket }),
      vector,
    );

    if (vector.server.kem_message !== undefined && !seedsEncapsulation(crypto)) return;
    const answered = answerKeyUpdate({
      crypto,
      random: queued(vector.server.ephemeral_secret, vector.server.kem_message),
      suite,
      epoch,
      identity: server,
      agentKey: agent.publicKey,
      rekey,
      fields: { key, kem },
      updatePacket,
      encodeResponse: (answer) => encodeFields(8, answer),
    });
    expect(toHex(answered.responsePacket)).toBe(vector.response_packet);
    expectEpochKeys(answered.keys, vector);
  });
});

function seedsEncapsulation(crypto: Crypto): boolean {
  return crypto === portableCrypto;
}

/** Native key generation made to take its 64 bytes from the vector. */
function seeded(crypto: Crypto): Crypto {
  if (crypto !== nativeCrypto) return crypto;
  return { ...bound(crypto), kemKeyPair: (random) => crypto.kemKeyPairFromSeed(random(SIZES.kemSeed)) };
}

/** Gives the values in order; asking for another size or for more is a failure. */
function queued(...values: readonly (string | undefined)[]): Random {
  const queue = values.filter((value) => value !== undefined).map(bytesOf);
  return (size) => {
    const value = queue.shift();
    if (value?.length !== size) throw new Error(`the vector has no ${String(size)} random bytes at this place`);
    return value;
  };
}

function keysOf(crypto: Crypto, secret: string): NoiseKeyPair {
  const secretKey = bytesOf(secret);
  return { secretKey, publicKey: crypto.x25519PublicKey(secretKey) };
}

function noiseSide(crypto: Crypto, role: Role, vector: NoiseVector): HandshakeState {
  const { initiator, responder } = vector;
  const own = role === 'initiator' ? initiator : responder;
  return new HandshakeState({
    crypto: seeded(crypto),
    random:
      role === 'initiator'
        ? queued(initiator.ephemeral_secret, initiator.kem_seed)
        : queued(responder.ephemeral_secret, responder.kem_message),
    pattern: 'XXhfs',
    role,
    prologue: bytesOf(vector.prologue),
    staticKeys: keysOf(crypto, own.static_secret),
  });
}

/** The schedule takes packets as opaque bytes; here 4 header bytes, the key, the KEM bytes. */
function encodeFields(id: number, { key, kem }: KeyUpdateFields): Uint8Array {
  return concat(Uint8Array.of(id, 0, 0, 0), key, kem ?? new Uint8Array(0));
}

function decodeFields(packet: Uint8Array): KeyUpdateFields {
  return { key: packet.subarray(4, 36), kem: packet.length > 36 ? packet.subarray(36) : undefined };
}

function expectKeys(keys: SessionKeys, vector: HandshakeVector): void {
  expect(toHex(keys.handshakeHash)).toBe(vector.handshake_hash);
  expect(toHex(keys.agentToServer)).toBe(vector.agent_to_server);
  expect(toHex(keys.serverToAgent)).toBe(vector.server_to_agent);
  expect(toHex(keys.rekey)).toBe(vector.rekey);
}

function expectEpochKeys(keys: EpochKeys, vector: KeyUpdateVector): void {
  expect(toHex(keys.rekey)).toBe(vector.new_rekey);
  expect(toHex(keys.agentToServer)).toBe(vector.agent_to_server);
  expect(toHex(keys.serverToAgent)).toBe(vector.server_to_agent);
}
