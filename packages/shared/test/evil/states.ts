/** Every state of either role, reached through a real handshake. */
import type { SessionState } from '../../src/session/index.ts';
import { samplePacket, type SessionPair, type TableState } from '../../src/testing/index.ts';
import { IdentityKeys, type Crypto } from '../../src/crypto/index.ts';
import { nativeCrypto } from '../../src/crypto-native/index.ts';
import { SUITE, VERSION_RANGE } from '../../src/wire/index.ts';
import { eventsOf, nativePair, otherSide, sealRaw, type Side } from '../session/peers.ts';

/** The states of a role, in the order in which a session passes them. */
export const STATES: Readonly<Record<Side, readonly SessionState[]>> = {
  server: ['AwaitEncryptionRequest', 'AwaitEncryptionFinish', 'AwaitDecision', 'Open', 'AwaitClose', 'Closed'],
  agent: ['AwaitEncryptionResponse', 'AwaitTrust', 'AwaitAccepted', 'Open', 'AwaitClose', 'Closed'],
};

/** States in which what comes in is a clear handshake frame. */
export const CLEAR_STATES: readonly SessionState[] = [
  'AwaitEncryptionRequest',
  'AwaitEncryptionResponse',
  'AwaitTrust',
  'AwaitEncryptionFinish',
];

/** Of all pairs: keys that are known need no work. */
const IDENTITIES = {
  agent: { identity: new IdentityKeys(nativeCrypto, new Uint8Array(32).fill(1)).static },
  server: { identity: new IdentityKeys(nativeCrypto, new Uint8Array(32).fill(2)).static },
};

/** Answers from the first time on without doing the work again: the handshakes of all pairs are the same one. */
function remembered(compute: (...inputs: Uint8Array[]) => Uint8Array): typeof compute {
  const known = new Map<string, Uint8Array>();
  return (...inputs) => {
    const name = inputs
      .map((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'))
      .join('|');
    const result = known.get(name) ?? compute(...inputs);
    known.set(name, Uint8Array.from(result));
    // A copy: secrets are overwritten after use.
    return Uint8Array.from(result);
  };
}

const CRYPTO: Crypto = {
  ...nativeCrypto,
  x25519PublicKey: remembered((secretKey) => nativeCrypto.x25519PublicKey(secretKey)),
  x25519: remembered((secretKey, publicKey) => nativeCrypto.x25519(secretKey, publicKey)),
};

/**
 * A pair of which `side` is in `state` and has no event or output waiting; the peer has valid keys where there are any.
 *
 * @param version the newest that the peer speaks.
 */
export function pairIn(side: Side, state: SessionState, version = VERSION_RANGE.max): SessionPair {
  const holds = state === 'AwaitTrust' ? 'trust' : 'decision';
  const isEarly = state === 'AwaitEncryptionRequest' || state === 'AwaitEncryptionResponse';
  const isHeld = state === 'AwaitTrust' || state === 'AwaitDecision' || state === 'AwaitAccepted';
  const suites = [SUITE.classical];
  const old = { versions: { min: 1, max: version } };
  const roles = {
    agent: { suites, ...IDENTITIES.agent, ...(side === 'agent' ? {} : old) },
    server: { suites, ...IDENTITIES.server, ...(side === 'server' ? {} : old) },
  };
  const pair = nativePair({ agentCrypto: CRYPTO, serverCrypto: CRYPTO, ...roles, ...(isHeld ? { holds } : {}) });
  if (state === 'AwaitEncryptionFinish') {
    for (const piece of pair.agent.takeOutput()) pair.server.receive(piece, pair.now);
  } else if (!isEarly) pair.run();
  if (state === 'AwaitClose') pair[side].close(pair.now);
  if (state === 'Closed') pair[side].transportEnded();
  pair[side].takeOutput();
  eventsOf(pair[side]);
  if (pair[side].state !== state) throw new Error(`${pair[side].state} instead of ${state}`);
  return pair;
}

/** As `pairIn`; in the middle of a key update, `side` has sent 0x07 or answered it, and sees no record of the new epoch. */
export function pairInTableState(side: Side, state: TableState, version = VERSION_RANGE.max): SessionPair {
  if (state !== 'Open, key update') return pairIn(side, state, version);
  const pair = pairIn(side, 'Open', version);
  const packet = samplePacket(side === 'agent' ? 0x06 : 0x07, side);
  pair[side].receive(sealRaw(pair[peerOf(side)], packet), pair.now);
  pair[side].flush(pair.now);
  pair[side].takeOutput();
  return pair;
}

/** Who faces `side`. */
export const peerOf = otherSide;

/** A packet with this id that a side receives. */
export const packetWithId = samplePacket;
