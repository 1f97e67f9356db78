import { GROUP_ID_BYTES, UINT32_MAX, UINT_MAX } from '../limits.ts';
import { bytes, definePacket, uint } from '../spec.ts';

/** 0x50: asks how far a group is, and for its commits since an epoch. */
export const groupQuerySpec = definePacket({
  id: 0x50,
  name: 'Group Query',
  since: 3,
  sender: 'agent',
  summary: 'Asks how far a group is, and for its commits since an epoch.',
  page: 'protocols/messaging.md#6-groups',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    group: bytes({ size: GROUP_ID_BYTES, meaning: 'The group.' }),
    fromEpoch: uint({ max: UINT_MAX, meaning: 'Commits that end epochs before this one are known.' }),
  },
});
