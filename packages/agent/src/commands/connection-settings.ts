/** The flags of every command that connects. */
import {
  address,
  defaultDataDirectory,
  durationMs,
  fingerprint,
  oneOf,
  path,
  setting,
  text,
  type SettingValues,
} from '@sealane/node/config';

/** Where key and known servers are. */
export const dataSettings = {
  'data-dir': setting(path(), {
    help: 'Directory with the key of this agent and the servers it knows.',
    default: defaultDataDirectory,
  }),
  passphrase: setting(text(), { help: 'Passphrase of the key file.', secret: true }),
};

export const serverSetting = setting(address({ defaultPort: 1337 }), {
  help: 'The server.',
  default: { host: '127.0.0.1', port: 1337 },
});

/** `--timeout SECONDS`: time for the whole command. */
export const timeoutSetting = setting(durationMs({ plainUnit: 's', minMs: 1, maxMs: 2_147_483_647 }), {
  help: 'Time for the whole command; the exit code is 124 when it is up before all is done.',
});

export const connectionSettings = {
  server: serverSetting,
  'server-key': setting(fingerprint(), { help: 'The identity the server must have.' }),
  token: setting(text({ placeholder: '<token>' }), {
    help: 'Enrolment token, as the operator handed it out.',
    secret: true,
    secretAsArgument: true,
  }),
  ...dataSettings,
  id: setting(text({ placeholder: '<id>' }), {
    help: 'Id of this agent, at most 64 bytes.',
    defaultHelp: "agent- and 16 characters of its key's hash",
  }),
  suites: setting(oneOf(['pq', 'any']), {
    help: 'Cipher suites: pq insists on the post-quantum hybrid, any accepts the classical one as well.',
    default: 'pq',
  }),
  timeout: timeoutSetting,
};

export type ConnectionSettings = typeof connectionSettings;
export type ConnectionValues = SettingValues<ConnectionSettings>;
