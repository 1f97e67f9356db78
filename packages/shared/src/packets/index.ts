/**
 * Packets of every wire version: specs, types and codecs. What each packet means stands in `docs/packets`.
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
export { encodeSubscribe } from './generated/0x30-subscribe.ts';
export type { Subscribe } from './generated/0x30-subscribe.ts';
export { encodeSubscribed } from './generated/0x31-subscribed.ts';
export type { Subscribed } from './generated/0x31-subscribed.ts';
export { encodeUnsubscribe } from './generated/0x32-unsubscribe.ts';
export type { Unsubscribe } from './generated/0x32-unsubscribe.ts';
export { encodeUnsubscribed } from './generated/0x33-unsubscribed.ts';
export type { Unsubscribed } from './generated/0x33-unsubscribed.ts';
export { encodeEvent } from './generated/0x34-event.ts';
export type { Event } from './generated/0x34-event.ts';
export { encodeEventAck } from './generated/0x35-event-ack.ts';
export type { EventAck } from './generated/0x35-event-ack.ts';
export { encodeEventNack } from './generated/0x36-event-nack.ts';
export type { EventNack } from './generated/0x36-event-nack.ts';
export { encodeEventProgress } from './generated/0x37-event-progress.ts';
export type { EventProgress } from './generated/0x37-event-progress.ts';
export { encodeSkipped } from './generated/0x38-skipped.ts';
export type { Skipped } from './generated/0x38-skipped.ts';
export { encodeProducerOpen } from './generated/0x39-producer-open.ts';
export type { ProducerOpen } from './generated/0x39-producer-open.ts';
export { encodeProducerOpened } from './generated/0x3a-producer-opened.ts';
export type { ProducerOpened } from './generated/0x3a-producer-opened.ts';
export { encodePublish } from './generated/0x3b-publish.ts';
export type { Publish } from './generated/0x3b-publish.ts';
export { encodeReceipt } from './generated/0x3c-receipt.ts';
export type { Receipt } from './generated/0x3c-receipt.ts';
export { encodePresenceWatch } from './generated/0x3d-presence-watch.ts';
export type { PresenceWatch } from './generated/0x3d-presence-watch.ts';
export { encodePresence } from './generated/0x3e-presence.ts';
export type { Presence } from './generated/0x3e-presence.ts';
export { encodeRegister } from './generated/0x40-register.ts';
export type { Register } from './generated/0x40-register.ts';
export { encodeLogin } from './generated/0x41-login.ts';
export type { Login } from './generated/0x41-login.ts';
export { encodeLoggedIn } from './generated/0x42-logged-in.ts';
export type { LoggedIn } from './generated/0x42-logged-in.ts';
export { encodeLogout } from './generated/0x43-logout.ts';
export type { Logout } from './generated/0x43-logout.ts';
export { encodeAccountChange } from './generated/0x44-account-change.ts';
export type { AccountChange } from './generated/0x44-account-change.ts';
export { encodeStatementAppend } from './generated/0x45-statement-append.ts';
export type { StatementAppend } from './generated/0x45-statement-append.ts';
export { encodeDirectoryQuery } from './generated/0x46-directory-query.ts';
export type { DirectoryQuery } from './generated/0x46-directory-query.ts';
export { encodeDirectoryEntry } from './generated/0x47-directory-entry.ts';
export type { DirectoryEntry } from './generated/0x47-directory-entry.ts';
export { encodeDirectoryList } from './generated/0x48-directory-list.ts';
export type { DirectoryList } from './generated/0x48-directory-list.ts';
export { encodeDirectoryPage } from './generated/0x49-directory-page.ts';
export type { DirectoryPage } from './generated/0x49-directory-page.ts';
export { encodeKeyPackagesPublish } from './generated/0x4a-key-packages-publish.ts';
export type { KeyPackagesPublish } from './generated/0x4a-key-packages-publish.ts';
export { encodeKeyPackagesClaim } from './generated/0x4b-key-packages-claim.ts';
export type { KeyPackagesClaim } from './generated/0x4b-key-packages-claim.ts';
export { encodeKeyPackages } from './generated/0x4c-key-packages.ts';
export type { KeyPackages } from './generated/0x4c-key-packages.ts';
export { encodeGroupCommit } from './generated/0x4d-group-commit.ts';
export type { GroupCommit } from './generated/0x4d-group-commit.ts';
export { encodeGroupSend } from './generated/0x4e-group-send.ts';
export type { GroupSend } from './generated/0x4e-group-send.ts';
export { encodeStored } from './generated/0x4f-stored.ts';
export type { Stored } from './generated/0x4f-stored.ts';
export { encodeGroupQuery } from './generated/0x50-group-query.ts';
export type { GroupQuery } from './generated/0x50-group-query.ts';
export { encodeGroupState } from './generated/0x51-group-state.ts';
export type { GroupState } from './generated/0x51-group-state.ts';
export { encodeBlobOpen } from './generated/0x52-blob-open.ts';
export type { BlobOpen } from './generated/0x52-blob-open.ts';
export { encodeBlobWrite } from './generated/0x53-blob-write.ts';
export type { BlobWrite } from './generated/0x53-blob-write.ts';
export { encodeBlobRead } from './generated/0x54-blob-read.ts';
export type { BlobRead } from './generated/0x54-blob-read.ts';
export { encodeBlobPart } from './generated/0x55-blob-part.ts';
export type { BlobPart } from './generated/0x55-blob-part.ts';
export { encodePresenceSet } from './generated/0x56-presence-set.ts';
export type { PresenceSet } from './generated/0x56-presence-set.ts';
export { encodeLinkOpen } from './generated/0x57-link-open.ts';
export type { LinkOpen } from './generated/0x57-link-open.ts';
export { encodeLinkPost } from './generated/0x58-link-post.ts';
export type { LinkPost } from './generated/0x58-link-post.ts';
export { encodeTransparencyQuery } from './generated/0x59-transparency-query.ts';
export type { TransparencyQuery } from './generated/0x59-transparency-query.ts';
export { encodeTransparencyHead } from './generated/0x5a-transparency-head.ts';
export type { TransparencyHead } from './generated/0x5a-transparency-head.ts';
export { encodeTransient } from './generated/0x5b-transient.ts';
export type { Transient } from './generated/0x5b-transient.ts';
export { encodeCallFailed } from './generated/0x5c-call-failed.ts';
export type { CallFailed } from './generated/0x5c-call-failed.ts';
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
  BLOB_BYTES_MAX,
  BLOB_ID_BYTES,
  BLOB_PART_BYTES_MAX,
  BODY_BYTES_MAX,
  BUILD_BYTES_MAX,
  CHALLENGE_BYTES,
  COMMITS_PER_PACKET_MAX,
  CONTENT_TYPE_BYTES_MAX,
  DEVICES_PER_ACCOUNT_MAX,
  DIRECTORY_PAGE_MAX,
  DEVICES_PER_COMMIT_MAX,
  DEVICES_PER_GROUP_MAX,
  DONE_BITMAP_BYTES_MAX,
  ENROLMENT_TOKEN_BYTES_MAX,
  EPOCHS_BEHIND_MAX,
  ERROR_CODE_MAX,
  EVENT_ADDRESS_BYTES_MAX,
  EVENT_BODY_BYTES_MAX,
  EVENT_ID_BYTES_MAX,
  GROUP_BYTES_MAX,
  GROUP_ID_BYTES,
  HASH_BYTES,
  INLINE_BYTES_MAX,
  INSTANCE_BYTES_MAX,
  KEM_CIPHERTEXT_BYTES,
  KEM_KEY_BYTES,
  KEY_PACKAGES_PER_PACKET_MAX,
  LINEAGE_BYTES,
  LINK_ID_BYTES,
  MAP_PROOF_BYTES_MAX,
  MESSAGE_BODY_BYTES_MAX,
  MESSAGE_ID_BYTES,
  NACK_REASON_BYTES_MAX,
  NAME_BYTES_MAX,
  PACKET_HEADER_BYTES,
  PASSWORD_BYTES_MAX,
  PRODUCER_ID_BYTES,
  RESUME_TOKEN_BYTES_MAX,
  SESSION_ID_BYTES,
  SKIPPED_DEPTH_MAX,
  SKIPPED_ELEMENTS_MAX,
  SKIP_REASON_MAX,
  STATEMENTS_PER_PACKET_MAX,
  STATEMENT_BYTES_MAX,
  STREAM_DATA_BYTES_MAX,
  STREAM_METADATA_BYTES_MAX,
  SUCCESSIONS_MAX,
  SUCCESSION_BYTES_MAX,
  TAG_BYTES,
  TOPIC_BYTES_MAX,
  TOPIC_LEVELS_MAX,
  TOPIC_LEVEL_BYTES_MAX,
  TREE_HEAD_BYTES_MAX,
  TREE_PROOF_BYTES_MAX,
  UINT32_MAX,
  UINT_MAX,
  USERNAME_BYTES_MAX,
  VALUE_DEPTH_MAX,
  VALUE_ELEMENTS_MAX,
  VERIFY_TOKEN_BYTES,
  WINDOW_EVENTS_MAX,
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
