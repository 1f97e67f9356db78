/** known-servers: the servers this agent has met, and what to do when one of them changes its identity. */
import { join } from 'node:path';
import { parseFingerprint } from '@sealane/shared/crypto';
import { ConfigError } from '@sealane/shared/errors';
import {
  defaultDataDirectory,
  explained,
  parseAddress,
  path,
  setting,
  showAddress,
  type Address,
} from '@sealane/node/config';
import { defineCommand, type CommandDefinition } from '@sealane/node/cli';
import { KnownServers, openPrivateDirectory } from '@sealane/node/keys';
import { KNOWN_SERVERS_FILE } from '../trust/index.ts';

const settings = {
  'data-dir': setting(path(), { help: 'Data directory of the agent.', default: defaultDataDirectory }),
};

const addressArgument = { name: 'server', help: 'host:port' } as const;

const list = defineCommand({
  name: 'list',
  summary: 'List the known servers.',
  settings,
  examples: ['known-servers list'],
  async run({ settings: { dataDir }, output }) {
    const known = open(dataDir).list();
    for (const { address, fingerprint, trust, since } of known) {
      const server = showAddress(address);
      await output.emit(
        { event: 'known-server', server, fingerprint, trust, since },
        `${server} ${fingerprint} ${trust} ${since}`,
      );
    }
    if (known.length === 0) output.note('No server is known yet.');
  },
});

const accept = defineCommand({
  name: 'accept',
  summary: 'Accept an identity of a server, in place of the one known.',
  arguments: [addressArgument, { name: 'fingerprint', help: 'SHA256:…, as the operator names it.' }],
  settings,
  examples: ['known-servers accept example.org:1337 SHA256:…'],
  async run({ settings: { dataDir }, arguments: [server = '', fingerprint = ''], output }) {
    const address = serverAddress(server);
    if (parseFingerprint(fingerprint) === undefined) {
      throw new ConfigError('E_USAGE', 'fingerprint: expected SHA256: and 43 characters of base64');
    }
    openPrivateDirectory(dataDir);
    open(dataDir).accept(address, fingerprint);
    const name = showAddress(address);
    await output.emit({ event: 'accepted', server: name, fingerprint }, `${name} is known as ${fingerprint}`);
  },
});

const remove = defineCommand({
  name: 'remove',
  summary: 'Forget a server: the next contact is a first one.',
  arguments: [addressArgument],
  settings,
  examples: ['known-servers remove example.org:1337'],
  async run({ settings: { dataDir }, arguments: [server = ''], output }) {
    const address = serverAddress(server);
    const name = showAddress(address);
    if (!open(dataDir).remove(address)) {
      throw explained(new ConfigError('E_DATA', `The server ${name} is not known`), {
        why: 'Only a server that is on the list can be removed.',
        next: 'See known-servers list.',
      });
    }
    await output.emit({ event: 'removed', server: name }, `${name} is forgotten`);
  },
});

export const knownServersCommand: CommandDefinition = {
  name: 'known-servers',
  summary: 'List, accept and remove known servers.',
  commands: [list, accept, remove],
};

function open(dataDir: string): KnownServers {
  return new KnownServers(join(dataDir, KNOWN_SERVERS_FILE));
}

function serverAddress(text: string): Address {
  const address = parseAddress(text, 1337);
  if (address === undefined)
    throw new ConfigError('E_USAGE', `server: expected host:port, got ${JSON.stringify(text)}`);
  return address;
}
