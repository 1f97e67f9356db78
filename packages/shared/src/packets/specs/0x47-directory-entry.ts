import {
  MAP_PROOF_BYTES_MAX,
  STATEMENTS_PER_PACKET_MAX,
  STATEMENT_BYTES_MAX,
  TREE_HEAD_BYTES_MAX,
  TREE_PROOF_BYTES_MAX,
  UINT32_MAX,
  UINT_MAX,
} from '../limits.ts';
import { bytes, definePacket, list, uint } from '../spec.ts';

/** 0x47: answers Directory Query. */
export const directoryEntrySpec = definePacket({
  id: 0x47,
  name: 'Directory Entry',
  since: 3,
  sender: 'server',
  summary: 'Answers Directory Query.',
  page: 'protocols/messaging.md#4-directory',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    statements: list(bytes({ min: 1, max: STATEMENT_BYTES_MAX, meaning: 'A signed statement.' }), {
      maxCount: STATEMENTS_PER_PACKET_MAX,
      meaning: 'Statements from `from_index` on.',
    }),
    statementCount: uint({ max: UINT32_MAX, unit: 'statements', meaning: 'How many the log has.' }),
    head: bytes({ min: 1, max: TREE_HEAD_BYTES_MAX, meaning: 'Signed head of the transparency log.' }),
    consistency: bytes({
      max: TREE_PROOF_BYTES_MAX,
      meaning: 'Proof that the head continues the one that is known; empty for none.',
    }),
    inclusion: bytes({ max: TREE_PROOF_BYTES_MAX, meaning: 'Proof that the newest statement is an entry of the log.' }),
    latest: bytes({
      max: MAP_PROOF_BYTES_MAX,
      meaning: 'Proof that the map of the head names that entry as the newest of this account.',
    }),
    presence: uint({ max: 2, meaning: '0: not shown, 1: away, 2: online.' }),
    lastSeenAt: uint({
      max: UINT_MAX,
      unit: 'ms',
      meaning: 'When a device of it was last connected, unix time; 0 for not shown.',
    }),
  },
});
