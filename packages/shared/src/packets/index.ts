/**
 * Packets of wire version 1: specs, types and codecs. What each packet means stands in `docs/packets`.
 *
 * Sending: `encodeRequest(writer, …)` takes the fields in wire order and appends to a record in the making. Receiving: `PacketReader`.
 */
export { encodeAccepted } from './generated/0x05-accepted.ts';
export type { Accepted } from './generated/0x05-accepted.ts';
export { encodeKeyUpdateRequest } from './generated/0x06-key-update-request.ts';
export type { KeyUpdateRequest } from './generated/0x06-key-update-request.ts';
export { encodeKeyUpdate } from './generated/0x07-key-update.ts';
export type { KeyUpdate } from './generated/0x07-key-update.ts';
export { encodeKeyUpdateResponse } from './generated/0x08-key-update-response.ts';
export type { KeyUpdateResponse } from './generated/0x08-key-update-response.ts';
export { encodePing } from './generated/0x09-ping.ts';
export type { Ping } from './generated/0x09-ping.ts';
export { encodePong } from './generated/0x0a-pong.ts';
export type { Pong } from './generated/0x0a-pong.ts';
export { encodeFailure } from './generated/0x0b-failure.ts';
export type { Failure } from './generated/0x0b-failure.ts';
export { encodeGoAway } from './generated/0x0c-go-away.ts';
export type { GoAway } from './generated/0x0c-go-away.ts';
export { encodeClose } from './generated/0x0d-close.ts';
export type { Close } from './generated/0x0d-close.ts';
export { encodeStreamOpen } from './generated/0x10-stream-open.ts';
export type { StreamOpen } from './generated/0x10-stream-open.ts';
export { encodeStreamData } from './generated/0x11-stream-data.ts';
export type { StreamData } from './generated/0x11-stream-data.ts';
export { encodeStreamCredit } from './generated/0x12-stream-credit.ts';
export type { StreamCredit } from './generated/0x12-stream-credit.ts';
export { encodeStreamClose } from './generated/0x13-stream-close.ts';
export type { StreamClose } from './generated/0x13-stream-close.ts';
export { encodeStreamReset } from './generated/0x14-stream-reset.ts';
export type { StreamReset } from './generated/0x14-stream-reset.ts';
export { encodeRequest } from './generated/0x20-request.ts';
export type { Request } from './generated/0x20-request.ts';
export { encodeResponse } from './generated/0x21-response.ts';
export type { Response } from './generated/0x21-response.ts';
export { encodeCancel } from './generated/0x22-cancel.ts';
export type { Cancel } from './generated/0x22-cancel.ts';
export { encodeNotification } from './generated/0x23-notification.ts';
export type { Notification } from './generated/0x23-notification.ts';
export { decodeEncryptionFinishPayload, encodeEncryptionFinishPayload } from './generated/encryption-finish-payload.ts';
export type { EncryptionFinishPayload } from './generated/encryption-finish-payload.ts';
export {
  decodeEncryptionResponsePayload,
  encodeEncryptionResponsePayload,
} from './generated/encryption-response-payload.ts';
export type { EncryptionResponsePayload } from './generated/encryption-response-payload.ts';
export { PACKET_ID, PACKET_INFO, encodePacket } from './generated/packet.ts';
export type { Packet } from './generated/packet.ts';
export { PacketReader } from './packet-reader.ts';
export {
  ADDRESS_BYTES_MAX,
  AGENT_ID_BYTES_MAX,
  BODY_BYTES_MAX,
  BUILD_BYTES_MAX,
  CONTENT_TYPE_BYTES_MAX,
  ENROLMENT_TOKEN_BYTES_MAX,
  ERROR_CODE_MAX,
  INSTANCE_BYTES_MAX,
  KEM_CIPHERTEXT_BYTES,
  KEM_KEY_BYTES,
  NAME_BYTES_MAX,
  PACKET_HEADER_BYTES,
  RESUME_TOKEN_BYTES_MAX,
  SESSION_ID_BYTES,
  SKIPPED_DEPTH_MAX,
  SKIPPED_ELEMENTS_MAX,
  STREAM_DATA_BYTES_MAX,
  STREAM_METADATA_BYTES_MAX,
  SUCCESSIONS_MAX,
  SUCCESSION_BYTES_MAX,
  TAG_BYTES,
  UINT32_MAX,
  UINT_MAX,
  VALUE_DEPTH_MAX,
  VALUE_ELEMENTS_MAX,
  VERIFY_TOKEN_BYTES,
  X25519_KEY_BYTES,
} from './limits.ts';
export { CLEAR_PACKET_SPECS, PACKET_SPECS, PAYLOAD_SPECS } from './specs/index.ts';
export type {
  BoolField,
  BytesField,
  ClearPacketSpec,
  Field,
  FieldValue,
  Fields,
  FixedField,
  ListField,
  OptionalField,
  PacketOf,
  PacketSpec,
  PayloadSpec,
  Sender,
  TextField,
  UintField,
  ValuesOf,
} from './spec.ts';
export { registryFaults } from './registry.ts';
export { PACKET_RANGES, RELEASED_PACKET_IDS, RETIRED_PACKET_IDS } from './released.ts';
export { CONTENT_TYPE_MSGPACK, decodeValue, encodeValue } from './value.ts';
export type { Value } from './value.ts';
