/** Records: AES-256-GCM with a counted nonce, one key per direction, keys updated in band. */
export {
  EPOCH_BYTES_MAX,
  EPOCH_NUMBER_MAX,
  EPOCH_RECORDS_MAX,
  KEY_UPDATE_AFTER_BYTES,
  KEY_UPDATE_AFTER_MS,
  KEY_UPDATE_AFTER_RECORDS,
  RECORD_FRAME_BODY_BYTES_MAX,
  RECORD_OVERHEAD_BYTES,
  RECORD_PLAINTEXT_BYTES_MAX,
} from './limits.ts';
export { FIRST_RECORD } from './nonce.ts';
export type { RecordPosition } from './nonce.ts';
export { RECORD_HEADER_BYTES, RecordSealer } from './record-sealer.ts';
export { RecordOpener } from './record-opener.ts';
