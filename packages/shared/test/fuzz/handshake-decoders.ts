/** Decoders of the handshake and of the key update: what the two sides make of each other's clear bodies. */
import { concat } from '../../src/bytes/index.ts';
import {
  AwaitEncryptionRequest,
  answerKeyUpdate,
  readRejected,
  startAgentHandshake,
} from '../../src/handshake/index.ts';
import { outcomeOf, seededRandom, type FuzzDecoder } from '../../src/testing/index.ts';
import { nativeCrypto } from '../../src/crypto-native/index.ts';
import { SUITE } from '../../src/wire/index.ts';
import {
  AGENT_IDENTITY,
  FINISH_PAYLOAD,
  LOW_ORDER_POINTS,
  SERVER_IDENTITY,
  agentOptions,
  encodeResponsePayload,
  handshake,
  overwrite,
  serverOptions,
} from '../handshake/peers.ts';

const CODES = [
  ...(['E_MALFORMED', 'E_STATE', 'E_TOO_LARGE', 'E_HANDSHAKE'] as const),
  ...(['E_UNSUPPORTED_VERSION', 'E_UNSUPPORTED_SUITE'] as const),
];
const CLASSICAL = { suites: [SUITE.classical] };

const bodiesOf = (changes: Parameters<typeof agentOptions>[0] = {}) =>
  handshake(agentOptions(changes), serverOptions()).bodies;

const encryptionRequest: FuzzDecoder = {
  name: 'encryption-request',
  seeds() {
    const { request } = bodiesOf(CLASSICAL);
    const poisoned = LOW_ORDER_POINTS.slice(0, 2).map((point) => overwrite(request, 7, point));
    return [request, bodiesOf().request, ...poisoned, request.subarray(0, 20), Uint8Array.of(1, 1, 1, 9)];
  },
  decode: (input) =>
    outcomeOf(() => new AwaitEncryptionRequest(serverOptions()).read(input).next.respond(encodeResponsePayload), CODES),
};

/** The first byte says whether the agent offered both suites or the classical one. */
const encryptionResponse: FuzzDecoder = {
  name: 'encryption-response',
  seeds: () => [concat(Uint8Array.of(1), bodiesOf().response), concat(Uint8Array.of(0), bodiesOf(CLASSICAL).response)],
  decode(input) {
    const changes = ((input[0] ?? 0) & 1) === 1 ? {} : CLASSICAL;
    const body = input.subarray(1);
    return outcomeOf(() => startAgentHandshake(agentOptions(changes)).next.read(body).finish(FINISH_PAYLOAD), CODES);
  },
};

const encryptionFinish: FuzzDecoder = {
  name: 'encryption-finish',
  seeds: () => [bodiesOf(CLASSICAL).finish],
  decode(input) {
    const { request } = startAgentHandshake(agentOptions(CLASSICAL));
    const { next } = new AwaitEncryptionRequest(serverOptions()).read(request).next.respond(encodeResponsePayload);
    return outcomeOf(() => next.read(input), CODES);
  },
};

const rejected: FuzzDecoder = {
  name: 'rejected',
  seeds: () => [Uint8Array.of(4, 0, 0x21, 0, 0, 0, 9), Uint8Array.of(4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
  decode: (input) => outcomeOf(() => readRejected(input), CODES),
};

const RESPONSE_PACKET = new Uint8Array(40);

/** An epoch with a KEM key and one without, by the first byte; then the 32 bytes of the key, then the KEM key. */
const keyUpdate: FuzzDecoder = {
  name: 'key-update',
  seeds() {
    const key = nativeCrypto.x25519PublicKey(new Uint8Array(32).fill(5));
    const kem = nativeCrypto.kemKeyPair(seededRandom(5)).publicKey;
    return [
      concat(Uint8Array.of(1), key),
      concat(Uint8Array.of(8), key, kem),
      concat(Uint8Array.of(8), key, new Uint8Array(1_184).fill(0xff)),
      ...LOW_ORDER_POINTS.slice(0, 3).map((point) => concat(Uint8Array.of(1), point)),
    ];
  },
  decode(input) {
    const kem = input.length > 33 ? input.slice(33) : undefined;
    const answer = () =>
      answerKeyUpdate({
        ...{ crypto: nativeCrypto, random: seededRandom(1), suite: SUITE.hybrid, epoch: input[0] ?? 0 },
        ...{ identity: SERVER_IDENTITY, agentKey: AGENT_IDENTITY.publicKey, rekey: new Uint8Array(32) },
        ...{ fields: { key: input.slice(1, 33), kem }, updatePacket: input },
        encodeResponse: () => RESPONSE_PACKET,
      });
    return outcomeOf(answer, CODES);
  },
};

export const HANDSHAKE_DECODERS: readonly FuzzDecoder[] = [
  encryptionRequest,
  encryptionResponse,
  encryptionFinish,
  rejected,
  keyUpdate,
];
