import { ERROR_CODE_MAX, UINT_MAX } from '../limits.ts';
import { definePacket, uint } from '../spec.ts';

/** 0x14: a stream is given up. */
export const streamResetSpec = definePacket({
  id: 0x14,
  name: 'Stream Reset',
  since: 1,
  sender: 'both',
  summary: 'Gives up both directions of a stream at once; what was not read is dropped.',
  page: 'protocols/streams.md#4-reset',
  fields: {
    streamId: uint({ min: 1, max: UINT_MAX, meaning: 'The stream.' }),
    code: uint({ min: 1, max: ERROR_CODE_MAX, meaning: 'Why: an error number (`docs/errors.md`).' }),
  },
});
