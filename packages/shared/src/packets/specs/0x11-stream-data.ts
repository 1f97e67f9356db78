import { STREAM_DATA_BYTES_MAX, UINT_MAX } from '../limits.ts';
import { bytes, definePacket, uint } from '../spec.ts';

/** 0x11: bytes of a stream. */
export const streamDataSpec = definePacket({
  id: 0x11,
  name: 'Stream Data',
  since: 1,
  sender: 'both',
  summary: 'The next bytes of one direction of a stream. They use up credit of the stream and of the connection.',
  page: 'protocols/streams.md#2-data-and-ends',
  fields: {
    streamId: uint({ min: 1, max: UINT_MAX, meaning: 'The stream.' }),
    bytes: bytes({
      min: 1,
      max: STREAM_DATA_BYTES_MAX,
      meaning: 'The bytes; at least one, because a packet that uses no credit could be sent without end.',
    }),
  },
});
