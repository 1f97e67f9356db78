/** Content: the kinds of messages inside the encryption, their envelope and padding, and the rules of a conversation. */
export type {
  Bodies,
  CallEndReason,
  Content,
  ContentHeader,
  ContentKind,
  FileBody,
  KnownContent,
  ReceiptStatus,
  UnknownContent,
} from './content.ts';
export { decodeContent, encodeContent } from './envelope.ts';
export {
  ATTACHMENT_BYTES_MAX,
  CAPTION_BYTES_MAX,
  CONTENT_BYTES_MAX,
  EXPIRY_SECONDS_MAX,
  ID_BYTES,
  NAME_BYTES_MAX,
  REACTION_BYTES_MAX,
  RECEIPTS_MAX,
  TEXT_BYTES_MAX,
  THUMBNAIL_BYTES_MAX,
} from './limits.ts';
export { PADDED_BYTES_MAX, pad, paddedSize, unpad } from './padding.ts';
export { applyContent, expiryOf, leastReceipt, viewOf } from './message-view.ts';
export type { MessageView, Reaction, RuleBreach, RuleResult } from './message-view.ts';
export { RECEIPTS_INTERVAL_MS, ReceiptBatch } from './receipt-batch.ts';
