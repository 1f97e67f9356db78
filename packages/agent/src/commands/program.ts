/** The program: every command of the agent, in the order in which help lists them. */
import { version, type ProgramDefinition } from '@sealane/node/cli';
import { accountCommand } from './account.ts';
import { exportCommand, importCommand } from './archive-commands.ts';
import { benchCommand } from './bench.ts';
import { chatCommand } from './chat.ts';
import { deviceCommand } from './device.ts';
import { doctorCommand } from './doctor.ts';
import { fingerprintCommand } from './fingerprint.ts';
import { getFileCommand } from './get-file.ts';
import { groupCommand } from './group.ts';
import { knownServersCommand } from './known-servers.ts';
import { listenCommand } from './listen.ts';
import { messageCommand } from './message.ts';
import { publishCommand } from './publish.ts';
import { sendFileCommand } from './send-file.ts';
import { requestCommand, sendCommand } from './send.ts';
import { startCommand, startSettings } from './start.ts';
import { statusCommand } from './status.ts';
import { verifyCommand } from './verify.ts';

export const agentProgram: ProgramDefinition = {
  name: 'sealane-agent',
  version,
  summary: 'An agent of a Sealane server: connects, asks, answers and reconnects.',
  application: 'agent',
  examples: ['start', 'send Hello', 'listen', 'start --server example.org:1337 --token-file ./token --reconnect'],
  logLevel: 'warn',
  configSettings: startSettings,
  commands: [
    startCommand,
    sendCommand,
    requestCommand,
    publishCommand,
    listenCommand,
    sendFileCommand,
    getFileCommand,
    accountCommand,
    deviceCommand,
    messageCommand,
    groupCommand,
    verifyCommand,
    chatCommand,
    exportCommand,
    importCommand,
    fingerprintCommand,
    knownServersCommand,
    statusCommand,
    doctorCommand,
    benchCommand,
  ],
};
