import { UINT_MAX } from '../limits.ts';
import { definePacket, uint } from '../spec.ts';

/** 0x0A: here I am. */
export const pongSpec = definePacket({
  id: 0x0a,
  name: 'Pong',
  since: 1,
  sender: 'both',
  summary: 'Answers a Ping.',
  page: 'protocols/session.md#4-liveness',
  fields: {
    token: uint({ max: UINT_MAX, meaning: 'The token of the Ping, unchanged.' }),
  },
});
