/** status: who this agent is, which server it would use, what it knows of it, and whether it answers now. */
import { join } from 'node:path';
import { escapeText } from '@sealane/shared/bytes';
import { SealaneError } from '@sealane/shared/errors';
import { KnownServers } from '@sealane/node/keys';
import { defineCommand } from '@sealane/node/cli';
import type { ConnectedState } from '../agent/index.ts';
import { openAgentIdentity } from '../identity/index.ts';
import { KNOWN_SERVERS_FILE } from '../trust/index.ts';
import { connectionSettings } from './connection-settings.ts';
import { serverName, withAgent, type ConnectionContext } from './connection.ts';
import { exchange } from './exchange.ts';

export const statusCommand = defineCommand({
  name: 'status',
  summary: 'Show this agent, its server, and whether the server answers.',
  settings: connectionSettings,
  examples: ['status', 'status --server example.org:1337 --json'],
  async run(context) {
    const { settings, output } = context;
    const identity = await openAgentIdentity(settings.dataDir, { passphrase: settings.passphrase });
    const known = new KnownServers(join(settings.dataDir, KNOWN_SERVERS_FILE)).lookup(settings.server);
    const base = {
      event: 'status',
      id: settings.id ?? identity.defaultId,
      fingerprint: identity.fingerprint,
      server: serverName(settings),
      knownAs: known?.fingerprint ?? null,
    };
    const rows = [
      `agent      ${escapeText(base.id)}`,
      `key        ${base.fingerprint}`,
      `server     ${base.server}`,
      `known as   ${base.knownAs ?? 'not known yet'}`,
    ];
    try {
      const { state, rttMs } = await contact(context);
      const { fingerprint: serverFingerprint, suite, version, serverBuild } = state;
      const found = { reachable: true, serverFingerprint, suite, version, serverBuild, rttMs };
      rows.push(`reachable  yes, ${rttMs.toFixed(3)} ms, ${escapeText(serverBuild)}`, `suite      ${suite}`);
      await output.emit({ ...base, ...found }, rows.join('\n'));
    } catch (error) {
      const code = error instanceof SealaneError ? error.code : 'E_INTERNAL';
      await output.emit({ ...base, reachable: false, reason: code }, [...rows, `reachable  no (${code})`].join('\n'));
      throw error;
    }
  },
});

/** Connects and measures one round trip; a refusal is a round trip as well. */
async function contact(context: ConnectionContext): Promise<{ state: ConnectedState; rttMs: number }> {
  return await withAgent(context, {}, async (agent, signal) => {
    const { state } = agent;
    if (state.state !== 'connected') throw new Error('the connection ended at once');
    const startedAt = performance.now();
    await exchange(agent, '', { signal }).catch((error: unknown) => {
      if (agent.state.state !== 'connected') throw error;
    });
    return { state, rttMs: Math.round((performance.now() - startedAt) * 1_000) / 1_000 };
  });
}
