import { UINT_MAX } from '../limits.ts';
import { definePacket, uint } from '../spec.ts';

/** 0x09: are you there? */
export const pingSpec = definePacket({
  id: 0x09,
  name: 'Ping',
  since: 1,
  sender: 'both',
  summary: 'Asks for a Pong at once: liveness and the round-trip time.',
  page: 'protocols/session.md#4-liveness',
  fields: {
    token: uint({ max: UINT_MAX, meaning: 'A number of the sender, returned in the Pong.' }),
  },
});
