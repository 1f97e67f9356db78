import { DEVICES_PER_ACCOUNT_MAX, KEY_PACKAGE_BYTES_MAX, UINT32_MAX } from '../limits.ts';
import { bytes, definePacket, list, uint } from '../spec.ts';

/** 0x4c: answers Key Packages Publish and Key Packages Claim. */
export const keyPackagesSpec = definePacket({
  id: 0x4c,
  name: 'Key Packages',
  since: 3,
  sender: 'server',
  summary: 'Answers Key Packages Publish and Key Packages Claim.',
  page: 'protocols/messaging.md#5-key-packages',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    keyPackages: list(bytes({ min: 1, max: KEY_PACKAGE_BYTES_MAX, meaning: 'A key package.' }), {
      maxCount: DEVICES_PER_ACCOUNT_MAX,
      meaning: 'One for each device that has any; empty after Publish.',
    }),
    waiting: uint({
      max: UINT32_MAX,
      unit: 'key packages',
      meaning: 'How many of the own device wait, after Publish; else 0.',
    }),
  },
});
