/** `serve --receive DIR`: the directory from and into which agents transfer files (docs/protocols/files.md). */
import { byteCount, path, setting, type SettingValues } from '@sealane/node/config';
import { DEFAULT_FILE_LIMITS, receiveFiles } from '@sealane/node/files';
import type { Logger } from '@sealane/node/log';
import type { AgentPeer } from '../handlers/index.ts';
import type { Server } from '../server/index.ts';

export const fileSettings = {
  receive: setting(path({ placeholder: '<directory>' }), {
    help: 'Take files of agents into this directory, and serve the files in it to all agents.',
  }),
  'receive-file-max': setting(byteCount({ min: 1 }), {
    help: 'Largest file that is taken.',
    default: DEFAULT_FILE_LIMITS.fileBytesMax,
    defaultHelp: '16GiB',
  }),
  'receive-quota': setting(byteCount({ min: 1 }), {
    help: 'Most bytes in the directory, unfinished files included.',
    default: DEFAULT_FILE_LIMITS.quotaBytes,
    defaultHelp: '64GiB',
  }),
};

/** Registers the handlers where a directory is given. @throws ConfigError when it cannot be used. */
export async function serveFiles(
  server: Server,
  settings: SettingValues<typeof fileSettings>,
  log: Logger,
): Promise<void> {
  const { receive: directory, receiveFileMax: fileBytesMax, receiveQuota: quotaBytes } = settings;
  if (directory === undefined) return;
  const agentIdOf = ({ agentId }: AgentPeer): string => agentId;
  await receiveFiles(server, { directory, agentIdOf, log, limits: { fileBytesMax, quotaBytes } });
}
