import { LINK_ID_BYTES, UINT32_MAX } from '../limits.ts';
import { bytes, definePacket, uint } from '../spec.ts';

/** 0x57: a device that is not listed yet waits under this id for one that is. */
export const linkOpenSpec = definePacket({
  id: 0x57,
  name: 'Link Open',
  since: 3,
  sender: 'agent',
  summary: 'A device that is not listed yet waits under this id for one that is.',
  page: 'protocols/messaging.md#10-linking-a-device',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    link: bytes({ size: LINK_ID_BYTES, meaning: 'Random id; part of the code that the device shows.' }),
  },
});
