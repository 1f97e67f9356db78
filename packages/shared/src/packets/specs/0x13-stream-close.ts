import { UINT_MAX } from '../limits.ts';
import { definePacket, uint } from '../spec.ts';

/** 0x13: one direction of a stream is complete. */
export const streamCloseSpec = definePacket({
  id: 0x13,
  name: 'Stream Close',
  since: 1,
  sender: 'both',
  summary: 'The end of the direction of the sender: all its bytes were sent. The other direction goes on.',
  page: 'protocols/streams.md#2-data-and-ends',
  fields: {
    streamId: uint({ min: 1, max: UINT_MAX, meaning: 'The stream.' }),
  },
});
