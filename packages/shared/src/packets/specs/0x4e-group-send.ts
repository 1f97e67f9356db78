import { GROUP_ID_BYTES, MESSAGE_BODY_BYTES_MAX, MESSAGE_ID_BYTES, UINT32_MAX, UINT_MAX } from '../limits.ts';
import { bool, bytes, definePacket, uint } from '../spec.ts';

/** 0x4e: sends a sealed message to all devices of a group. */
export const groupSendSpec = definePacket({
  id: 0x4e,
  name: 'Group Send',
  since: 3,
  sender: 'agent',
  summary: 'Sends a sealed message to all devices of a group.',
  page: 'protocols/messaging.md#7-messages',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    group: bytes({ size: GROUP_ID_BYTES, meaning: 'The group.' }),
    epoch: uint({ max: UINT_MAX, meaning: 'The epoch that it is sealed in.' }),
    write: uint({
      max: UINT_MAX,
      meaning: 'Number of this write of the device, one above the last; 0 for a transient message.',
    }),
    messageId: bytes({ size: MESSAGE_ID_BYTES, meaning: 'Random id; a repetition of it is answered as the first.' }),
    body: bytes({ min: 1, max: MESSAGE_BODY_BYTES_MAX, meaning: 'The PrivateMessage (RFC 9420 §6.3).' }),
    ttlMs: uint({
      max: UINT_MAX,
      unit: 'ms',
      meaning: 'How long it waits for a device; 0 for as long as messages wait.',
    }),
    isTransient: bool({ meaning: 'Whether only devices that are connected get it, and nothing is stored.' }),
  },
});
