/** Attachments: files sealed in chunks, incrementally, and opened without giving out a byte that is not authentic. */
export { ATTACHMENT_BYTES_MAX } from '../content/index.ts';
export { CHUNK_BYTES, NONCE_PREFIX_BYTES, SEALED_CHUNK_BYTES, newAttachmentKey, sealedSizeOf } from './chunk-cipher.ts';
export type { AttachmentKey, AttachmentPlace } from './chunk-cipher.ts';
export { newAttachmentHash } from './attachment-hash.ts';
export type { IncrementalHash } from './attachment-hash.ts';
export { AttachmentOpener } from './attachment-opener.ts';
export { AttachmentSealer } from './attachment-sealer.ts';
