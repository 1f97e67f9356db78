import { PASSWORD_BYTES_MAX, UINT32_MAX } from '../limits.ts';
import { bool, definePacket, optional, text, uint } from '../spec.ts';

/** 0x44: changes the password, or deletes the account; proved by the password, or by a device that is listed. */
export const accountChangeSpec = definePacket({
  id: 0x44,
  name: 'Account Change',
  since: 3,
  sender: 'agent',
  summary: 'Changes the password, or deletes the account; proved by the password, or by a device that is listed.',
  page: 'protocols/messaging.md#2-accounts',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    password: optional(
      text({ max: PASSWORD_BYTES_MAX, meaning: 'The present password; nil where the account has none.' }),
    ),
    newPassword: optional(text({ max: PASSWORD_BYTES_MAX, meaning: 'The password from now on; nil leaves it.' })),
    endsAccount: bool({ meaning: 'Whether the account ends for good; its name is not given away again.' }),
  },
});
