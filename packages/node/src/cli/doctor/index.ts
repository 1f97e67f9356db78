/** The doctor: checks, their command, and those that server and agent share. */
export { doctorCommand, runChecks } from './check.ts';
export type { Check, CheckReport, CheckResult } from './check.ts';
export {
  clockCheck,
  dataDirectoryCheck,
  diskSpaceCheck,
  fsyncCheck,
  keyFileCheck,
  nodeVersionCheck,
  portCheck,
} from './common-checks.ts';
