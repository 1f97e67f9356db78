import {
  ENROLMENT_TOKEN_BYTES_MAX,
  PASSWORD_BYTES_MAX,
  STATEMENT_BYTES_MAX,
  UINT32_MAX,
  USERNAME_BYTES_MAX,
} from '../limits.ts';
import { bytes, definePacket, list, optional, text, uint } from '../spec.ts';

/** 0x40: makes an account; the device that sends it is its first. */
export const registerSpec = definePacket({
  id: 0x40,
  name: 'Register',
  since: 3,
  sender: 'agent',
  summary: 'Makes an account; the device that sends it is its first.',
  page: 'protocols/messaging.md#2-accounts',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    username: text({
      max: USERNAME_BYTES_MAX,
      meaning: 'Name of the account: 3 to 32 of `a` to `z`, digits, `_` and `-`.',
    }),
    password: optional(
      text({
        max: PASSWORD_BYTES_MAX,
        meaning: 'Password for logging in; nil for an account that only its devices open.',
      }),
    ),
    statements: list(bytes({ min: 1, max: STATEMENT_BYTES_MAX, meaning: 'A signed statement.' }), {
      maxCount: 2,
      meaning: 'The first statements of the log of the account: genesis, and the device that sends this.',
    }),
    registrationToken: optional(
      bytes({
        min: 1,
        max: ENROLMENT_TOKEN_BYTES_MAX,
        meaning: 'Token of the operator, where registration needs one.',
      }),
    ),
  },
});
