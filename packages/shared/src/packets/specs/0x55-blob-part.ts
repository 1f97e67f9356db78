import { BLOB_BYTES_MAX, BLOB_PART_BYTES_MAX, UINT32_MAX } from '../limits.ts';
import { bytes, definePacket, uint } from '../spec.ts';

/** 0x55: answers Blob Open, Blob Write and Blob Read. */
export const blobPartSpec = definePacket({
  id: 0x55,
  name: 'Blob Part',
  since: 3,
  sender: 'server',
  summary: 'Answers Blob Open, Blob Write and Blob Read.',
  page: 'protocols/messaging.md#9-blobs',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    size: uint({ max: BLOB_BYTES_MAX, unit: 'bytes', meaning: 'Bytes of the whole.' }),
    position: uint({
      max: BLOB_BYTES_MAX,
      unit: 'bytes',
      meaning: 'What is stored, after Open and Write; where the bytes begin, after Read.',
    }),
    bytes: bytes({ max: BLOB_PART_BYTES_MAX, meaning: 'The bytes read; else empty.' }),
  },
});
