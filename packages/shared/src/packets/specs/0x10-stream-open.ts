import { NAME_BYTES_MAX, STREAM_METADATA_BYTES_MAX, UINT_MAX } from '../limits.ts';
import { bytes, definePacket, text, uint } from '../spec.ts';

/** 0x10: a new stream. */
export const streamOpenSpec = definePacket({
  id: 0x10,
  name: 'Stream Open',
  since: 1,
  sender: 'both',
  summary: 'Opens a stream of bytes in both directions.',
  page: 'protocols/streams.md#1-ids-and-limits',
  fields: {
    streamId: uint({
      min: 1,
      max: UINT_MAX,
      meaning: 'Odd from the agent, even from the server, larger than every earlier one of the same side.',
    }),
    name: text({ max: NAME_BYTES_MAX, meaning: 'What the stream is for; the receiver chooses its handler by it.' }),
    metadata: bytes({
      max: STREAM_METADATA_BYTES_MAX,
      meaning: 'What the handler needs to know first; its form belongs to the name.',
    }),
  },
});
