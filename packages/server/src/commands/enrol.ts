/** `enrol`: prints a token that admits one agent. Works beside a running server and before the first start. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defineCommand } from '@sealane/node/cli';
import { explained, integer, setting, text, toggle } from '@sealane/node/config';
import { IDENTITY_FILE, openIdentity } from '@sealane/node/keys';
import { systemRandom } from '@sealane/node/transport';
import { fingerprint } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { AGENT_NAME_RULE, isAgentName } from '@sealane/shared/documents';
import { ConfigError } from '@sealane/shared/errors';
import { issueEnrolmentToken } from '../admission/index.ts';
import { identitySettings, warnOfIdlePassphrase } from './settings.ts';

const DAY_SECONDS = 86_400;

export const enrol = defineCommand({
  name: 'enrol',
  summary: 'Print a token that enrols one agent, once.',
  settings: {
    ...identitySettings,
    id: setting(text({ placeholder: '<id>' }), { help: 'The only agent id that the token admits.' }),
    expires: setting(integer({ min: 1, max: 366 * DAY_SECONDS, placeholder: '<seconds>' }), {
      help: 'Seconds until the token expires.',
      default: DAY_SECONDS,
    }),
    replace: setting(toggle(), { help: 'Let the id change to a new key (needs --id).', default: false }),
  },
  examples: ['enrol', 'enrol --id sensor-7 --expires 3600 > token', 'enrol --id sensor-7 --replace'],
  async run({ settings, output }) {
    const { dataDir, passphrase, id, expires, replace } = settings;
    checkRequest(id, replace);
    const isFirst = !existsSync(join(dataDir, IDENTITY_FILE));
    warnOfIdlePassphrase(settings, (text) => output.warn(text));
    const identity = await openIdentity(dataDir, {
      crypto: nativeCrypto,
      kind: 'server',
      random: systemRandom,
      wallClock: Date.now,
      passphrase,
    });
    if (isFirst) {
      const name = fingerprint(nativeCrypto, identity.static.publicKey);
      output.note(`There was no identity in ${dataDir}: a new one, ${name}, was made.`);
      output.note('The token is for a server that is started on this directory.');
    }
    const request = { agentId: id, replace, expiresInSeconds: expires };
    const nowSeconds = Math.floor(Date.now() / 1_000);
    const { text: token, expiresAt } = issueEnrolmentToken(identity, request, { random: systemRandom, nowSeconds });
    await output.emit({ event: 'token', token, id: id ?? null, expiresAt, replace }, token);
  },
});

function checkRequest(id: string | undefined, replace: boolean): void {
  if (replace && id === undefined) {
    throw explained(new ConfigError('E_USAGE', '--replace needs --id'), {
      next: 'Name the agent: enrol --id ID --replace',
    });
  }
  if (id === undefined || isAgentName(id)) return;
  throw new ConfigError('E_USAGE', `--id: expected ${AGENT_NAME_RULE}`);
}
