import { BLOB_BYTES_MAX, BLOB_ID_BYTES, HASH_BYTES, UINT32_MAX, UINT_MAX } from '../limits.ts';
import { bytes, definePacket, uint } from '../spec.ts';

/** 0x52: begins or goes on with the upload of a blob: something sealed that is too large for a message. */
export const blobOpenSpec = definePacket({
  id: 0x52,
  name: 'Blob Open',
  since: 3,
  sender: 'agent',
  summary: 'Begins or goes on with the upload of a blob: something sealed that is too large for a message.',
  page: 'protocols/messaging.md#9-blobs',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    blob: bytes({ size: BLOB_ID_BYTES, meaning: 'Random id, chosen by the device.' }),
    size: uint({ min: 1, max: BLOB_BYTES_MAX, unit: 'bytes', meaning: 'Bytes of the whole.' }),
    hash: bytes({ size: HASH_BYTES, meaning: 'SHA-256 of the whole.' }),
    ttlMs: uint({
      max: UINT_MAX,
      unit: 'ms',
      meaning: 'How long it is kept; 0 for as long as the server keeps blobs.',
    }),
  },
});
