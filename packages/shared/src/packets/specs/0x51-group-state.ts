import {
  AGENT_ID_BYTES_MAX,
  BLOB_ID_BYTES,
  COMMITS_PER_PACKET_MAX,
  DEVICES_PER_GROUP_MAX,
  MESSAGE_BODY_BYTES_MAX,
  UINT32_MAX,
  UINT_MAX,
} from '../limits.ts';
import { bytes, definePacket, list, optional, uint } from '../spec.ts';

/** 0x51: answers Group Query. */
export const groupStateSpec = definePacket({
  id: 0x51,
  name: 'Group State',
  since: 3,
  sender: 'server',
  summary: 'Answers Group Query.',
  page: 'protocols/messaging.md#6-groups',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    epoch: uint({ max: UINT_MAX, meaning: 'The present epoch.' }),
    commits: list(bytes({ min: 1, max: MESSAGE_BODY_BYTES_MAX, meaning: 'A queued item of kind commit (§8).' }), {
      maxCount: COMMITS_PER_PACKET_MAX,
      meaning: 'Commits from `from_epoch` on, in order; fewer than there are when they are large.',
    }),
    groupInfoBlob: optional(
      bytes({ size: BLOB_ID_BYTES, meaning: 'The blob that holds the GroupInfo of the present epoch.' }),
    ),
    devices: list(bytes({ min: 1, max: AGENT_ID_BYTES_MAX, meaning: 'Agent id of a device, in UTF-8.' }), {
      maxCount: DEVICES_PER_GROUP_MAX,
      meaning: 'Devices that get what is sent.',
    }),
  },
});
