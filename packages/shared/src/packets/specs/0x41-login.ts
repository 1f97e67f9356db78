import { CHALLENGE_BYTES, PASSWORD_BYTES_MAX, SIGNATURE_BYTES, UINT32_MAX, USERNAME_BYTES_MAX } from '../limits.ts';
import { bytes, definePacket, optional, text, uint } from '../spec.ts';

/** 0x41: opens a session of an account: by password, or by the signature of a listed device over a challenge. */
export const loginSpec = definePacket({
  id: 0x41,
  name: 'Login',
  since: 3,
  sender: 'agent',
  summary: 'Opens a session of an account: by password, or by the signature of a listed device over a challenge.',
  page: 'protocols/messaging.md#3-sessions',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    username: text({ max: USERNAME_BYTES_MAX, meaning: 'Name of the account.' }),
    password: optional(text({ max: PASSWORD_BYTES_MAX, meaning: 'The password; nil for a login by signature.' })),
    challenge: optional(
      bytes({ size: CHALLENGE_BYTES, meaning: 'The challenge that the signature answers; nil asks for one.' }),
    ),
    signature: optional(
      bytes({ size: SIGNATURE_BYTES, meaning: 'Ed25519 of the device over the challenge; nil asks for one.' }),
    ),
  },
});
