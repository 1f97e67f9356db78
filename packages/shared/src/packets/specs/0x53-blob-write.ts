import { BLOB_BYTES_MAX, BLOB_ID_BYTES, BLOB_PART_BYTES_MAX, UINT32_MAX } from '../limits.ts';
import { bytes, definePacket, uint } from '../spec.ts';

/** 0x53: appends to a blob. */
export const blobWriteSpec = definePacket({
  id: 0x53,
  name: 'Blob Write',
  since: 3,
  sender: 'agent',
  summary: 'Appends to a blob.',
  page: 'protocols/messaging.md#9-blobs',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    blob: bytes({ size: BLOB_ID_BYTES, meaning: 'Which.' }),
    position: uint({ max: BLOB_BYTES_MAX, unit: 'bytes', meaning: 'Where the bytes belong: what is there already.' }),
    bytes: bytes({ min: 1, max: BLOB_PART_BYTES_MAX, meaning: 'The bytes.' }),
  },
});
