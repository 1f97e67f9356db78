/** Commands: the program `sealane-agent`, one file a command. */
export { agentProgram } from './program.ts';
