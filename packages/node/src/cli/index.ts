/** The command line: programs declared as trees of commands, run with exit codes, signals, help and completion. */
export { defineCommand } from './command.ts';
export type {
  ArgumentDefinition,
  CommandContext,
  CommandDefinition,
  CommandLife,
  ProgramDefinition,
} from './command.ts';
export { completionScript, SHELLS } from './completion.ts';
export { displayWidth, fitColumns, graphemesOf, graphemeWidth, wrapColumns } from './display-width.ts';
export {
  clockCheck,
  dataDirectoryCheck,
  diskSpaceCheck,
  doctorCommand,
  fsyncCheck,
  keyFileCheck,
  nodeVersionCheck,
  portCheck,
  runChecks,
} from './doctor/index.ts';
export type { Check, CheckReport, CheckResult } from './doctor/index.ts';
export { EXIT_CODES } from './exit-codes.ts';
export { failureOf, failureRecord, showFailure } from './failure.ts';
export type { Failure } from './failure.ts';
export { main } from './main.ts';
export { Output } from './output.ts';
export type { OutputRecord, TerminalStream } from './output.ts';
export { showBytes, showSeconds, startProgress } from './progress.ts';
export type { Progress } from './progress.ts';
export { runCli } from './run-cli.ts';
export type { CliProcess } from './run-cli.ts';
export { Shutdown } from './shutdown.ts';
export type { EndSignal, SignalSource } from './shutdown.ts';
export { terminalText } from './terminal-text.ts';
export { version } from './version.ts';
