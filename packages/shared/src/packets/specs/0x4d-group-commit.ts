import {
  AGENT_ID_BYTES_MAX,
  BLOB_ID_BYTES,
  DEVICES_PER_COMMIT_MAX,
  GROUP_ID_BYTES,
  INLINE_BYTES_MAX,
  MESSAGE_ID_BYTES,
  UINT32_MAX,
  UINT_MAX,
} from '../limits.ts';
import { bool, bytes, definePacket, list, optional, uint } from '../spec.ts';

/** 0x4d: makes a group, or moves one to its next epoch; the first commit for an epoch wins. */
export const groupCommitSpec = definePacket({
  id: 0x4d,
  name: 'Group Commit',
  since: 3,
  sender: 'agent',
  summary: 'Makes a group, or moves one to its next epoch; the first commit for an epoch wins.',
  page: 'protocols/messaging.md#6-groups',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    group: bytes({ size: GROUP_ID_BYTES, meaning: 'Random id of the group.' }),
    epoch: uint({ max: UINT_MAX, meaning: 'The epoch that it ends; the first commit of a new group ends epoch 0.' }),
    write: uint({ min: 1, max: UINT_MAX, meaning: 'Number of this write of the device, one above the last.' }),
    messageId: bytes({ size: MESSAGE_ID_BYTES, meaning: 'Random id; a repetition of it is answered as the first.' }),
    commit: bytes({ max: INLINE_BYTES_MAX, meaning: 'The commit, sealed; empty where it is a blob.' }),
    commitBlob: optional(bytes({ size: BLOB_ID_BYTES, meaning: 'The blob that holds the commit.' })),
    welcome: bytes({
      max: INLINE_BYTES_MAX,
      meaning: 'The Welcome for the devices added; empty for none, or where it is a blob.',
    }),
    welcomeBlob: optional(bytes({ size: BLOB_ID_BYTES, meaning: 'The blob that holds the Welcome.' })),
    groupInfoBlob: optional(
      bytes({
        size: BLOB_ID_BYTES,
        meaning: 'The blob that holds the GroupInfo of the next epoch; nil where a device heals itself no other way.',
      }),
    ),
    added: list(bytes({ min: 1, max: AGENT_ID_BYTES_MAX, meaning: 'Agent id of a device, in UTF-8.' }), {
      maxCount: DEVICES_PER_COMMIT_MAX,
      meaning: 'Devices that get the Welcome and belong to the group from the next epoch on.',
    }),
    removed: list(bytes({ min: 1, max: AGENT_ID_BYTES_MAX, meaning: 'Agent id of a device, in UTF-8.' }), {
      maxCount: DEVICES_PER_COMMIT_MAX,
      meaning: 'Devices that get this commit and nothing after it.',
    }),
    isExternal: bool({ meaning: 'Whether the device joins by this commit (RFC 9420 §12.4.3.2).' }),
  },
});
