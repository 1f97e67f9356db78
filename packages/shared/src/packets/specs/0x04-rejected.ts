import { defineClearPacket } from '../spec.ts';

/** 0x04: a hint in clear that the server does not go on. */
export const rejectedSpec = defineClearPacket({
  id: 0x04,
  name: 'Rejected',
  since: 1,
  sender: 'server',
  summary:
    'Stands in clear in place of 0x02 when the server does not go on. It is not authenticated: a hint that never ends retries and never changes what the agent trusts.',
  page: 'protocols/handshake.md#7-0x04-rejected',
  layout: [
    { name: 'code', size: 2, meaning: 'The error number (big-endian).' },
    {
      name: 'retry_after_ms',
      size: 4,
      meaning: 'Milliseconds after which a new attempt is welcome, 0 when none is named (big-endian).',
    },
  ],
});
