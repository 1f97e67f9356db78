import { DIRECTORY_PAGE_MAX, UINT32_MAX, USERNAME_BYTES_MAX } from '../limits.ts';
import { bool, bytes, definePacket, list, uint } from '../spec.ts';

/** 0x49: answers Directory List. */
export const directoryPageSpec = definePacket({
  id: 0x49,
  name: 'Directory Page',
  since: 3,
  sender: 'server',
  summary: 'Answers Directory List.',
  page: 'protocols/messaging.md#4-directory',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    usernames: list(bytes({ min: 1, max: USERNAME_BYTES_MAX, meaning: 'A name, in ASCII.' }), {
      maxCount: DIRECTORY_PAGE_MAX,
      meaning: 'Names in order.',
    }),
    hasMore: bool({ meaning: 'Whether another page follows.' }),
  },
});
