import { TREE_HEAD_BYTES_MAX, TREE_PROOF_BYTES_MAX, UINT32_MAX } from '../limits.ts';
import { bytes, definePacket, uint } from '../spec.ts';

/** 0x5a: answers Transparency Query. */
export const transparencyHeadSpec = definePacket({
  id: 0x5a,
  name: 'Transparency Head',
  since: 3,
  sender: 'server',
  summary: 'Answers Transparency Query.',
  page: 'protocols/messaging.md#11-transparency',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    head: bytes({ min: 1, max: TREE_HEAD_BYTES_MAX, meaning: 'Signed head of the transparency log.' }),
    consistency: bytes({
      max: TREE_PROOF_BYTES_MAX,
      meaning: 'Proof that it continues the head that is known; empty for none.',
    }),
  },
});
