/** Every state of either role, reached through a real handshake, and a valid body for every packet id. */
import { ByteWriter } from '../../src/bytes/index.ts';
import { nativeCrypto } from '../../src/crypto-native/index.ts';
import {
  PACKET_INFO,
  encodeAccepted,
  encodeCancel,
  encodeClose,
  encodeEvent,
  encodeEventAck,
  encodeEventNack,
  encodeEventProgress,
  encodeFailure,
  encodeGoAway,
  encodeKeyUpdate,
  encodeKeyUpdateRequest,
  encodeKeyUpdateResponse,
  encodeNotification,
  encodePing,
  encodePong,
  encodePresence,
  encodePresenceWatch,
  encodeProducerOpen,
  encodeProducerOpened,
  encodePublish,
  encodeReceipt,
  encodeRequest,
  encodeResponse,
  encodeSkipped,
  encodeStreamClose,
  encodeStreamCredit,
  encodeStreamData,
  encodeStreamOpen,
  encodeStreamReset,
  encodeSubscribe,
  encodeSubscribed,
  encodeUnsubscribe,
  encodeUnsubscribed,
} from '../../src/packets/index.ts';
import type { SessionState } from '../../src/session/index.ts';
import type { SessionPair } from '../../src/testing/index.ts';
import { SUITE, VERSION_RANGE } from '../../src/wire/index.ts';
import { eventsOf, nativePair, otherSide, type Side } from '../session/peers.ts';

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

const EMPTY = new Uint8Array(0);
const KEY = nativeCrypto.x25519PublicKey(new Uint8Array(32).fill(9));

/**
 * A pair of which `side` is in `state` and has no event or output waiting; the peer has valid keys where there are any.
 *
 * @param version the newest that the peer speaks.
 */
export function pairIn(side: Side, state: SessionState, version = VERSION_RANGE.max): SessionPair {
  const holds = state === 'AwaitTrust' ? 'trust' : 'decision';
  const isEarly = state === 'AwaitEncryptionRequest' || state === 'AwaitEncryptionResponse';
  const isHeld = state === 'AwaitTrust' || state === 'AwaitDecision' || state === 'AwaitAccepted';
  const suite = { suites: [SUITE.classical] };
  const old = { ...suite, versions: { min: 1, max: version } };
  const roles = { agent: side === 'agent' ? suite : old, server: side === 'server' ? suite : old };
  const pair = nativePair({ ...roles, ...(isHeld ? { holds } : {}) });
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

/** Valid packets by id, as the side that faces `side` might send them first on a connection. */
const VALID: Readonly<Record<keyof typeof PACKET_INFO, (writer: ByteWriter, side: Side) => void>> = {
  0x05: (writer) => encodeAccepted(writer, new Uint8Array(16), false, EMPTY, 5_000, 15_000, 1, 1, 1, 'agent-1'),
  0x06: (writer) => encodeKeyUpdateRequest(writer, 1),
  0x07: (writer) => encodeKeyUpdate(writer, 1, KEY, null),
  0x08: (writer) => encodeKeyUpdateResponse(writer, 1, KEY, null),
  0x09: (writer) => encodePing(writer, 1),
  0x0a: (writer) => encodePong(writer, 1),
  0x0b: (writer) => encodeFailure(writer, 0x22, 7),
  0x0c: (writer) => encodeGoAway(writer, 0x22, 1, null, 1),
  0x0d: (writer) => encodeClose(writer, 0),
  0x10: (writer, side) => encodeStreamOpen(writer, side === 'server' ? 1 : 2, 'name', EMPTY),
  0x11: (writer, side) => encodeStreamData(writer, side === 'server' ? 1 : 2, Uint8Array.of(1)),
  0x12: (writer) => encodeStreamCredit(writer, 0, 1),
  0x13: (writer, side) => encodeStreamClose(writer, side === 'server' ? 1 : 2),
  0x14: (writer, side) => encodeStreamReset(writer, side === 'server' ? 1 : 2, 0x42),
  0x20: (writer) => encodeRequest(writer, 1, 'name', EMPTY, null, 1, null, null),
  0x21: (writer) => encodeResponse(writer, 1, 0, true, EMPTY, null, 0),
  0x22: (writer) => encodeCancel(writer, 1),
  0x23: (writer) => encodeNotification(writer, 'name', EMPTY, null),
  0x30: (writer) => encodeSubscribe(writer, 1, 'a.>', null, 256, 0, null, 0, EMPTY),
  0x31: (writer) => encodeSubscribed(writer, 1, new Uint8Array(16), 0, 1, 0, 256, 30_000, 0),
  0x32: (writer) => encodeUnsubscribe(writer, 1, false),
  0x33: (writer) => encodeUnsubscribed(writer, 1, 0, 0),
  0x34: (writer) => encodeEvent(writer, 1, 1, 1, 'id', 0, 'server', 'a.b', EMPTY, null),
  0x35: (writer) => encodeEventAck(writer, 1, 1, 1),
  0x36: (writer) => encodeEventNack(writer, 1, 1, 1, 0, ''),
  0x37: (writer) => encodeEventProgress(writer, 1, 1, 1),
  0x38: (writer) => encodeSkipped(writer, 1, 1, 2, 1),
  0x39: (writer) => encodeProducerOpen(writer, 1, 'AAAAAAAAAAAAAAAA'),
  0x3a: (writer) => encodeProducerOpened(writer, 1, 0, 0, 0),
  0x3b: (writer) => encodePublish(writer, 1, 1, 0, 'topic:a.b', null, EMPTY, null, 0, 0, false),
  0x3c: (writer) => encodeReceipt(writer, 1, 1, 1, 1, 0, 0, 0),
  0x3d: (writer) => encodePresenceWatch(writer, 'agent-1', true),
  0x3e: (writer) => encodePresence(writer, 'agent-1', true, 1, 0),
};

/** Whether an id names a packet of records. */
export const isPacketId = (id: number): id is keyof typeof PACKET_INFO => id in PACKET_INFO;

/** A packet with this id that `side` receives: valid where the id is known, an empty array elsewhere. */
export function packetWithId(id: number, side: Side): Uint8Array {
  if (!isPacketId(id)) return Uint8Array.of(id, 0, 0, 1, 0x90);
  const writer = new ByteWriter();
  VALID[id](writer, side);
  return writer.toBytes();
}

/** Who faces `side`. */
export const peerOf = otherSide;
