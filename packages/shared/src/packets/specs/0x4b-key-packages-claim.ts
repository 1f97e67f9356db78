import { AGENT_ID_BYTES_MAX, DEVICES_PER_ACCOUNT_MAX, UINT32_MAX, USERNAME_BYTES_MAX } from '../limits.ts';
import { bytes, definePacket, list, text, uint } from '../spec.ts';

/** 0x4b: takes one key package of each device of an account; nobody else gets the same. */
export const keyPackagesClaimSpec = definePacket({
  id: 0x4b,
  name: 'Key Packages Claim',
  since: 3,
  sender: 'agent',
  summary: 'Takes one key package of each device of an account; nobody else gets the same.',
  page: 'protocols/messaging.md#5-key-packages',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    username: text({ max: USERNAME_BYTES_MAX, meaning: 'Whose devices.' }),
    devices: list(bytes({ min: 1, max: AGENT_ID_BYTES_MAX, meaning: 'Agent id of a device, in UTF-8.' }), {
      maxCount: DEVICES_PER_ACCOUNT_MAX,
      meaning: 'Only of these devices; empty for all that are listed.',
    }),
  },
});
