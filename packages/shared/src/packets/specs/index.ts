/** Every spec of every wire version, by kind and in the order of their ids. Used by generators and tests, not by the codecs. */
import { encryptionRequestSpec } from './0x01-encryption-request.ts';
import { encryptionResponseSpec } from './0x02-encryption-response.ts';
import { encryptionFinishSpec } from './0x03-encryption-finish.ts';
import { rejectedSpec } from './0x04-rejected.ts';
import { acceptedSpec } from './0x05-accepted.ts';
import { keyUpdateRequestSpec } from './0x06-key-update-request.ts';
import { keyUpdateSpec } from './0x07-key-update.ts';
import { keyUpdateResponseSpec } from './0x08-key-update-response.ts';
import { pingSpec } from './0x09-ping.ts';
import { pongSpec } from './0x0a-pong.ts';
import { failureSpec } from './0x0b-failure.ts';
import { goAwaySpec } from './0x0c-go-away.ts';
import { closeSpec } from './0x0d-close.ts';
import { streamOpenSpec } from './0x10-stream-open.ts';
import { streamDataSpec } from './0x11-stream-data.ts';
import { streamCreditSpec } from './0x12-stream-credit.ts';
import { streamCloseSpec } from './0x13-stream-close.ts';
import { streamResetSpec } from './0x14-stream-reset.ts';
import { requestSpec } from './0x20-request.ts';
import { responseSpec } from './0x21-response.ts';
import { cancelSpec } from './0x22-cancel.ts';
import { notificationSpec } from './0x23-notification.ts';
import { subscribeSpec } from './0x30-subscribe.ts';
import { subscribedSpec } from './0x31-subscribed.ts';
import { unsubscribeSpec } from './0x32-unsubscribe.ts';
import { unsubscribedSpec } from './0x33-unsubscribed.ts';
import { eventSpec } from './0x34-event.ts';
import { eventAckSpec } from './0x35-event-ack.ts';
import { eventNackSpec } from './0x36-event-nack.ts';
import { eventProgressSpec } from './0x37-event-progress.ts';
import { skippedSpec } from './0x38-skipped.ts';
import { producerOpenSpec } from './0x39-producer-open.ts';
import { producerOpenedSpec } from './0x3a-producer-opened.ts';
import { publishSpec } from './0x3b-publish.ts';
import { receiptSpec } from './0x3c-receipt.ts';
import { presenceWatchSpec } from './0x3d-presence-watch.ts';
import { presenceSpec } from './0x3e-presence.ts';
import { registerSpec } from './0x40-register.ts';
import { loginSpec } from './0x41-login.ts';
import { loggedInSpec } from './0x42-logged-in.ts';
import { logoutSpec } from './0x43-logout.ts';
import { accountChangeSpec } from './0x44-account-change.ts';
import { statementAppendSpec } from './0x45-statement-append.ts';
import { directoryQuerySpec } from './0x46-directory-query.ts';
import { directoryEntrySpec } from './0x47-directory-entry.ts';
import { directoryListSpec } from './0x48-directory-list.ts';
import { directoryPageSpec } from './0x49-directory-page.ts';
import { keyPackagesPublishSpec } from './0x4a-key-packages-publish.ts';
import { keyPackagesClaimSpec } from './0x4b-key-packages-claim.ts';
import { keyPackagesSpec } from './0x4c-key-packages.ts';
import { groupCommitSpec } from './0x4d-group-commit.ts';
import { groupSendSpec } from './0x4e-group-send.ts';
import { storedSpec } from './0x4f-stored.ts';
import { groupQuerySpec } from './0x50-group-query.ts';
import { groupStateSpec } from './0x51-group-state.ts';
import { blobOpenSpec } from './0x52-blob-open.ts';
import { blobWriteSpec } from './0x53-blob-write.ts';
import { blobReadSpec } from './0x54-blob-read.ts';
import { blobPartSpec } from './0x55-blob-part.ts';
import { presenceSetSpec } from './0x56-presence-set.ts';
import { linkOpenSpec } from './0x57-link-open.ts';
import { linkPostSpec } from './0x58-link-post.ts';
import { transparencyQuerySpec } from './0x59-transparency-query.ts';
import { transparencyHeadSpec } from './0x5a-transparency-head.ts';
import { transientSpec } from './0x5b-transient.ts';
import { callFailedSpec } from './0x5c-call-failed.ts';
import { encryptionFinishPayloadSpec } from './encryption-finish-payload.ts';
import { encryptionResponsePayloadSpec } from './encryption-response-payload.ts';
import type { ClearPacketSpec, PacketSpec, PayloadSpec } from '../spec.ts';

/** Packets of the handshake that travel in clear. */
export const CLEAR_PACKET_SPECS: readonly ClearPacketSpec[] = [
  encryptionRequestSpec,
  encryptionResponseSpec,
  encryptionFinishSpec,
  rejectedSpec,
];

/** Sealed payloads of the handshake. */
export const PAYLOAD_SPECS: readonly PayloadSpec[] = [encryptionResponsePayloadSpec, encryptionFinishPayloadSpec];

/** Packets that travel in records. */
export const PACKET_SPECS: readonly PacketSpec[] = [
  acceptedSpec,
  keyUpdateRequestSpec,
  keyUpdateSpec,
  keyUpdateResponseSpec,
  pingSpec,
  pongSpec,
  failureSpec,
  goAwaySpec,
  closeSpec,
  streamOpenSpec,
  streamDataSpec,
  streamCreditSpec,
  streamCloseSpec,
  streamResetSpec,
  requestSpec,
  responseSpec,
  cancelSpec,
  notificationSpec,
  subscribeSpec,
  subscribedSpec,
  unsubscribeSpec,
  unsubscribedSpec,
  eventSpec,
  eventAckSpec,
  eventNackSpec,
  eventProgressSpec,
  skippedSpec,
  producerOpenSpec,
  producerOpenedSpec,
  publishSpec,
  receiptSpec,
  presenceWatchSpec,
  presenceSpec,
  registerSpec,
  loginSpec,
  loggedInSpec,
  logoutSpec,
  accountChangeSpec,
  statementAppendSpec,
  directoryQuerySpec,
  directoryEntrySpec,
  directoryListSpec,
  directoryPageSpec,
  keyPackagesPublishSpec,
  keyPackagesClaimSpec,
  keyPackagesSpec,
  groupCommitSpec,
  groupSendSpec,
  storedSpec,
  groupQuerySpec,
  groupStateSpec,
  blobOpenSpec,
  blobWriteSpec,
  blobReadSpec,
  blobPartSpec,
  presenceSetSpec,
  linkOpenSpec,
  linkPostSpec,
  transparencyQuerySpec,
  transparencyHeadSpec,
  transientSpec,
  callFailedSpec,
];
