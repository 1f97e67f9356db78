/** The scripts of the Redis store, by name. */
import { agentRecordScript, claimAgentScript, endSessionsScript, forgetAgentScript } from './agent-scripts.ts';
import { applyScript } from './apply-script.ts';
import { removeBanScript, writeBanScript } from './ban-scripts.ts';
import { deadLetterScript, deadLettersScript, purgeDeadLettersScript, redriveScript } from './dead-letter-scripts.ts';
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
import {
  deleteQueueScript,
  openQueueScript,
  queueInfosScript,
  queuesOfScript,
  reapScript,
  tableScript,
} from './queue-scripts.ts';
import { readScript } from './read-script.ts';

export const SCRIPTS = {
  agentRecord: agentRecordScript,
  apply: applyScript,
  claimAgent: claimAgentScript,
  deadLetter: deadLetterScript,
  deadLetters: deadLettersScript,
  deleteQueue: deleteQueueScript,
  due: dueScript,
  endSessions: endSessionsScript,
  enrol: enrolScript,
  forgetAgent: forgetAgentScript,
  housekeeping: housekeepingScript,
  listEnrolled: listEnrolledScript,
  listDue: listDueScript,
  openQueue: openQueueScript,
  probe: probeScript,
  publish: publishScript,
  purgeDeadLetters: purgeDeadLettersScript,
  queueInfos: queueInfosScript,
  queuesOf: queuesOfScript,
  read: readScript,
  reap: reapScript,
  redrive: redriveScript,
  removeBan: removeBanScript,
  standing: standingScript,
  startNode: startNodeScript,
  sweep: sweepScript,
  table: tableScript,
  unenrol: unenrolScript,
  writeBan: writeBanScript,
} as const;
