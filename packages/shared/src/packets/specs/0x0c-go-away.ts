import { ADDRESS_BYTES_MAX, ERROR_CODE_MAX, UINT32_MAX } from '../limits.ts';
import { definePacket, optional, text, uint } from '../spec.ts';

/** 0x0C: the server is about to leave. */
export const goAwaySpec = definePacket({
  id: 0x0c,
  name: 'Go Away',
  since: 1,
  sender: 'server',
  summary:
    'Announces that the server will close: the agent starts nothing new, finishes what is open, and comes back later.',
  page: 'protocols/session.md#6-leaving',
  fields: {
    code: uint({ max: ERROR_CODE_MAX, meaning: 'Why: an error number (`docs/errors.md`), mostly E_DRAINING.' }),
    comeBackAfterMs: uint({ max: UINT32_MAX, unit: 'ms', meaning: 'After how long the agent may connect again.' }),
    address: optional(
      text({ max: ADDRESS_BYTES_MAX, meaning: 'Where to connect instead, `host:port`; nil for the same address.' }),
    ),
    drainMs: uint({
      max: UINT32_MAX,
      unit: 'ms',
      meaning: 'How long the server still waits for open requests and streams.',
    }),
  },
});
