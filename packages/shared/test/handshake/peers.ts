/** Peers for handshake tests: seeded randomness, identities, and whole handshakes with options to spoil them. */
import { createHash } from 'node:crypto';
import { nativeCrypto } from '../../src/crypto-native/index.ts';
import { portableCrypto, type Crypto, type Random } from '../../src/crypto/index.ts';
import {
  AwaitEncryptionRequest,
  startAgentHandshake,
  type AgentHandshakeOptions,
  type ServerHandshakeOptions,
  type SessionKeys,
} from '../../src/handshake/index.ts';
import { SUITE } from '../../src/wire/index.ts';
import type { NoiseKeyPair } from '../../src/handshake/noise/handshake-state.ts';
import { concat, utf8Encode } from '../../src/bytes/index.ts';

export const CRYPTOS: readonly Crypto[] = [portableCrypto, nativeCrypto];

/** All four pairs of implementations: agent or initiator first. */
export const CRYPTO_PAIRS = CRYPTOS.flatMap((left) =>
  CRYPTOS.map((right) => ({ left, right, names: `${left.name} to ${right.name}` })),
);

/** Endless bytes of a seed: SHA-256(seed ‖ counter) in a row. The same calls give the same bytes. */
export function seededRandom(seed: string): Random {
  let counter = 0;
  let pool: Uint8Array = new Uint8Array(0);
  return (size) => {
    while (pool.length < size) {
      const block = createHash('sha256')
        .update(`${seed}/${String(counter++)}`)
        .digest();
      pool = concat(pool, block);
    }
    const taken = pool.slice(0, size);
    pool = pool.slice(size);
    return taken;
  };
}

/** X25519 keys whose secret is SHA-256(name). */
export function keyPair(name: string): NoiseKeyPair {
  const secretKey = new Uint8Array(createHash('sha256').update(name).digest());
  return { publicKey: portableCrypto.x25519PublicKey(secretKey), secretKey };
}

export const AGENT_IDENTITY = keyPair('agent identity');
export const SERVER_IDENTITY = keyPair('server identity');
export const VERSIONS = { min: 1, max: 1 } as const;

export function agentOptions(changes: Partial<AgentHandshakeOptions> = {}): AgentHandshakeOptions {
  return {
    crypto: nativeCrypto,
    random: seededRandom('agent'),
    suites: [SUITE.hybrid, SUITE.classical],
    versions: VERSIONS,
    identity: AGENT_IDENTITY,
    ...changes,
  };
}

export function serverOptions(changes: Partial<ServerHandshakeOptions> = {}): ServerHandshakeOptions {
  return {
    crypto: nativeCrypto,
    random: seededRandom('server'),
    suites: [SUITE.hybrid, SUITE.classical],
    versions: VERSIONS,
    identity: SERVER_IDENTITY,
    ...changes,
  };
}

/** A stand-in for the packet specs' payload codec: the 8 bytes of the token, then text. */
export const encodeResponsePayload = (verifyToken: Uint8Array): Uint8Array =>
  concat(verifyToken, utf8Encode(' limits and capabilities'));

export const FINISH_PAYLOAD = utf8Encode('agent id and instance');

/** What may be done to the bodies on their way. */
export interface Spoil {
  readonly request?: (body: Uint8Array) => Uint8Array;
  readonly response?: (body: Uint8Array) => Uint8Array;
  readonly finish?: (body: Uint8Array) => Uint8Array;
}

export interface Handshaken {
  readonly bodies: { readonly request: Uint8Array; readonly response: Uint8Array; readonly finish: Uint8Array };
  readonly responsePayload: Uint8Array;
  readonly verifyToken: Uint8Array;
  readonly finishPayload: Uint8Array;
  readonly serverKey: Uint8Array;
  readonly agentKey: Uint8Array;
  readonly agent: SessionKeys;
  readonly server: SessionKeys;
}

const untouched = (body: Uint8Array): Uint8Array => body;

/** A whole handshake; throws what the first failing side throws. */
export function handshake(agent: AgentHandshakeOptions, server: ServerHandshakeOptions, spoil: Spoil = {}): Handshaken {
  const { request, next: awaitResponse } = startAgentHandshake(agent);
  const { next: responds } = new AwaitEncryptionRequest(server).read((spoil.request ?? untouched)(request));
  const { response, next: awaitFinish } = responds.respond(encodeResponsePayload);
  const decides = awaitResponse.read((spoil.response ?? untouched)(response));
  const { finish, keys } = decides.finish(FINISH_PAYLOAD);
  const finished = awaitFinish.read((spoil.finish ?? untouched)(finish));
  return {
    bodies: { request, response, finish },
    responsePayload: decides.payload,
    verifyToken: decides.verifyToken,
    finishPayload: finished.payload,
    serverKey: decides.serverKey,
    agentKey: finished.agentKey,
    agent: keys,
    server: finished.keys,
  };
}

/** The bytes of a hexadecimal text. */
export const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

/** A copy of `body` with one bit changed. */
export function flipBit(body: Uint8Array, offset: number, bit: number): Uint8Array {
  const changed = body.slice();
  changed[offset]! ^= 1 << bit;
  return changed;
}

/** A copy of `body` with other bytes at `offset`. */
export function overwrite(body: Uint8Array, offset: number, bytes: Uint8Array): Uint8Array {
  const changed = body.slice();
  changed.set(bytes, offset);
  return changed;
}

/** Whatever `act` throws. Fails the test when it throws nothing. */
export function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** The X25519 points whose product with every clamped scalar is zero, canonical or not (RFC 7748 §7; order 1, 2, 4, 8). */
export const LOW_ORDER_POINTS: readonly Uint8Array[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000080',
].map(bytesOf);

/** Wraps an implementation so that every secret it makes, and every ephemeral key, can be looked at afterwards. */
export function recordingCrypto(inner: Crypto): { crypto: Crypto; secrets: Uint8Array[] } {
  const secrets: Uint8Array[] = [];
  const keep = <Bytes extends Uint8Array>(bytes: Bytes): Bytes => {
    secrets.push(bytes);
    return bytes;
  };
  const crypto: Crypto = {
    ...bound(inner),
    x25519PublicKey: (secretKey) => inner.x25519PublicKey(keep(secretKey)),
    hmacSha256: (key, data) => keep(inner.hmacSha256(key, data)),
    x25519: (secretKey, publicKey) => keep(inner.x25519(secretKey, publicKey)),
    kemEncapsulate: (publicKey, random) => {
      const encapsulation = inner.kemEncapsulate(publicKey, random);
      keep(encapsulation.sharedSecret);
      return encapsulation;
    },
    kemDecapsulate: (secretKey, ciphertext) => keep(inner.kemDecapsulate(secretKey, ciphertext)),
  };
  return { crypto, secrets };
}

/** An implementation as plain functions, to be overridden one by one. */
export function bound(inner: Crypto): Crypto {
  return {
    name: inner.name,
    sha256: (data) => inner.sha256(data),
    sha512: (data) => inner.sha512(data),
    hmacSha256: (key, data) => inner.hmacSha256(key, data),
    scrypt: (...rest) => inner.scrypt(...rest),
    x25519PublicKey: (secretKey) => inner.x25519PublicKey(secretKey),
    x25519: (secretKey, publicKey) => inner.x25519(secretKey, publicKey),
    kemKeyPair: (random) => inner.kemKeyPair(random),
    kemKeyPairFromSeed: (seed) => inner.kemKeyPairFromSeed(seed),
    kemEncapsulate: (publicKey, random) => inner.kemEncapsulate(publicKey, random),
    kemDecapsulate: (secretKey, ciphertext) => inner.kemDecapsulate(secretKey, ciphertext),
    aeadSeal: (...rest) => inner.aeadSeal(...rest),
    aeadOpen: (...rest) => inner.aeadOpen(...rest),
    sealRecord: (...rest) => inner.sealRecord(...rest),
    setAside: (key) => inner.setAside(key),
    ed25519PublicKey: (seed) => inner.ed25519PublicKey(seed),
    ed25519Sign: (seed, message) => inner.ed25519Sign(seed, message),
    ed25519Verify: (...rest) => inner.ed25519Verify(...rest),
  };
}
