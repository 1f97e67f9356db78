/**
 * A valid packet for every id, as the side that faces a receiver might send it first on a connection: what it is about, such
 * as a stream or a subscription, is not there. For the matrices of states and packets.
 */
import { ByteWriter } from '../bytes/index.ts';
import { portableCrypto } from '../crypto/index.ts';
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
} from '../packets/index.ts';

type Side = 'agent' | 'server';

const EMPTY = new Uint8Array(0);
const KEY = portableCrypto.x25519PublicKey(new Uint8Array(32).fill(9));

/** Whether an id names a packet of records. */
export const isPacketId = (id: number): id is keyof typeof PACKET_INFO => id in PACKET_INFO;

/** A packet with this id for `receiver`: valid where the id is known, some other array elsewhere. */
export function samplePacket(id: number, receiver: Side): Uint8Array {
  if (!isPacketId(id)) return Uint8Array.of(id, 0, 0, 1, 0x90);
  const writer = new ByteWriter();
  SAMPLES[id](writer, receiver);
  return writer.toBytes();
}

/** By id; a new packet without a sample is an error of types. */
const SAMPLES: Readonly<Record<keyof typeof PACKET_INFO, (writer: ByteWriter, receiver: Side) => void>> = {
  0x05: (writer) => encodeAccepted(writer, new Uint8Array(16), false, EMPTY, 5_000, 15_000, 1, 1, 1, 'agent-1'),
  0x06: (writer) => encodeKeyUpdateRequest(writer, 1),
  0x07: (writer) => encodeKeyUpdate(writer, 1, KEY, null),
  0x08: (writer) => encodeKeyUpdateResponse(writer, 1, KEY, null),
  0x09: (writer) => encodePing(writer, 1),
  0x0a: (writer) => encodePong(writer, 1),
  0x0b: (writer) => encodeFailure(writer, 0x22, 7),
  0x0c: (writer) => encodeGoAway(writer, 0x22, 1, null, 1),
  0x0d: (writer) => encodeClose(writer, 0),
  0x10: (writer, receiver) => encodeStreamOpen(writer, receiver === 'server' ? 1 : 2, 'name', EMPTY),
  0x11: (writer, receiver) => encodeStreamData(writer, receiver === 'server' ? 1 : 2, Uint8Array.of(1)),
  0x12: (writer) => encodeStreamCredit(writer, 0, 1),
  0x13: (writer, receiver) => encodeStreamClose(writer, receiver === 'server' ? 1 : 2),
  0x14: (writer, receiver) => encodeStreamReset(writer, receiver === 'server' ? 1 : 2, 0x42),
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
