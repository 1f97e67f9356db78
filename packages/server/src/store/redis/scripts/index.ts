/** The scripts of the Redis store, by name. */
import { agentRecordScript, claimAgentScript, forgetAgentScript } from './agent-scripts.ts';
import { applyScript } from './apply-script.ts';
import { deadLettersScript, purgeDeadLettersScript, redriveScript } from './dead-letter-scripts.ts';
import { enrolScript, listEnrolledScript, standingScript, unenrolScript } from './directory-scripts.ts';
import {
  dueScript,
  housekeepingScript,
  listDueScript,
  probeScript,
  startNodeScript,
  sweepScript,
} from './node-scripts.ts';
import { publishScript } from './publish-script.ts';
import { deleteQueueScript, openQueueScript, queuesOfScript, reapScript, tableScript } from './queue-scripts.ts';
import { readScript } from './read-script.ts';

export const SCRIPTS = {
  agentRecord: agentRecordScript,
  apply: applyScript,
  claimAgent: claimAgentScript,
  deadLetters: deadLettersScript,
  deleteQueue: deleteQueueScript,
  due: dueScript,
  enrol: enrolScript,
  forgetAgent: forgetAgentScript,
  housekeeping: housekeepingScript,
  listEnrolled: listEnrolledScript,
  listDue: listDueScript,
  openQueue: openQueueScript,
  probe: probeScript,
  publish: publishScript,
  purgeDeadLetters: purgeDeadLettersScript,
  queuesOf: queuesOfScript,
  read: readScript,
  reap: reapScript,
  redrive: redriveScript,
  standing: standingScript,
  startNode: startNodeScript,
  sweep: sweepScript,
  table: tableScript,
  unenrol: unenrolScript,
} as const;
