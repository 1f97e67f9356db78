import { KEY_PACKAGES_PER_PACKET_MAX, KEY_PACKAGE_BYTES_MAX, UINT32_MAX } from '../limits.ts';
import { bytes, definePacket, list, optional, uint } from '../spec.ts';

/** 0x4a: hands in key packages of this device (RFC 9420 §10), each for one use; only adds to those that wait. */
export const keyPackagesPublishSpec = definePacket({
  id: 0x4a,
  name: 'Key Packages Publish',
  since: 3,
  sender: 'agent',
  summary: 'Hands in key packages of this device (RFC 9420 §10), each for one use; only adds to those that wait.',
  page: 'protocols/messaging.md#5-key-packages',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    keyPackages: list(bytes({ min: 1, max: KEY_PACKAGE_BYTES_MAX, meaning: 'A key package.' }), {
      maxCount: KEY_PACKAGES_PER_PACKET_MAX,
      meaning: 'Key packages that are used once.',
    }),
    lastResort: optional(
      bytes({
        min: 1,
        max: KEY_PACKAGE_BYTES_MAX,
        meaning: 'The key package for when there is no other; nil leaves it.',
      }),
    ),
  },
});
