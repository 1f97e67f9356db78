/** doctor: what this machine, the data directory and the server are like. */
import { join } from 'node:path';
import {
  clockCheck,
  dataDirectoryCheck,
  diskSpaceCheck,
  doctorCommand as defineDoctor,
  keyFileCheck,
  nodeVersionCheck,
  type Check,
} from '@sealane/node/cli';
import { IDENTITY_FILE, KnownServers } from '@sealane/node/keys';
import { KNOWN_SERVERS_FILE } from '../trust/index.ts';
import { connectionSettings } from './connection-settings.ts';
import { serverName, withAgent, type ConnectionContext } from './connection.ts';
import { exchange } from './exchange.ts';

export const doctorCommand = defineDoctor(connectionSettings, (context) => {
  const { dataDir, passphrase } = context.settings;
  return [
    nodeVersionCheck(),
    clockCheck(),
    dataDirectoryCheck(dataDir),
    diskSpaceCheck(dataDir),
    keyFileCheck(join(dataDir, IDENTITY_FILE), { kind: 'agent', passphrase }),
    knownServerCheck(context),
    serverCheck(context),
  ];
});

function knownServerCheck({ settings }: ConnectionContext): Check {
  return {
    name: 'known server',
    run() {
      const known = new KnownServers(join(settings.dataDir, KNOWN_SERVERS_FILE)).lookup(settings.server);
      const name = serverName(settings);
      if (known === undefined) return { status: 'ok', detail: `${name} will be recorded at the first contact` };
      return { status: 'ok', detail: `${name} is ${known.fingerprint} (${known.trust})` };
    },
  };
}

function serverCheck(context: ConnectionContext): Check {
  return {
    name: 'server',
    run: () =>
      withAgent(context, {}, async (agent, signal) => {
        const { rttMs } = await exchange(agent, '', { signal });
        return { status: 'ok', detail: `${serverName(context.settings)} answers in ${rttMs.toFixed(3)} ms` } as const;
      }),
  };
}
