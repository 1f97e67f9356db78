import { BLOB_BYTES_MAX, BLOB_ID_BYTES, BLOB_PART_BYTES_MAX, UINT32_MAX } from '../limits.ts';
import { bytes, definePacket, uint } from '../spec.ts';

/** 0x54: asks for a part of a blob; whoever knows the id may. */
export const blobReadSpec = definePacket({
  id: 0x54,
  name: 'Blob Read',
  since: 3,
  sender: 'agent',
  summary: 'Asks for a part of a blob; whoever knows the id may.',
  page: 'protocols/messaging.md#9-blobs',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    blob: bytes({ size: BLOB_ID_BYTES, meaning: 'Which.' }),
    position: uint({ max: BLOB_BYTES_MAX, unit: 'bytes', meaning: 'First byte wanted.' }),
    length: uint({ min: 1, max: BLOB_PART_BYTES_MAX, unit: 'bytes', meaning: 'Bytes wanted at most.' }),
  },
});
