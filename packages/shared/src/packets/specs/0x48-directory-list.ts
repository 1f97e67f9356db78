import { DIRECTORY_PAGE_MAX, UINT32_MAX, USERNAME_BYTES_MAX } from '../limits.ts';
import { definePacket, optional, text, uint } from '../spec.ts';

/** 0x48: asks for the names of accounts, a page at a time. */
export const directoryListSpec = definePacket({
  id: 0x48,
  name: 'Directory List',
  since: 3,
  sender: 'agent',
  summary: 'Asks for the names of accounts, a page at a time.',
  page: 'protocols/messaging.md#4-directory',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    after: optional(text({ max: USERNAME_BYTES_MAX, meaning: 'The page begins behind this name; nil for the first.' })),
    limit: uint({ min: 1, max: DIRECTORY_PAGE_MAX, unit: 'accounts', meaning: 'Names at most.' }),
  },
});
