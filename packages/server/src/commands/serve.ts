/** `serve`: runs the server until a signal ends it, drained, within 5 s. */
import { defineCommand, type CommandContext } from '@sealane/node/cli';
import { oneOf, path, port, reloadSettings, setting, showAddress, text, type SettingValues } from '@sealane/node/config';
import { ENROLMENT_POLICIES, LIMIT_PRESETS } from '../config/index.ts';
import { Server, type Listening } from '../server/index.ts';
import { identitySettings } from './settings.ts';

export const serveSettings = {
  host: setting(text({ placeholder: '<address>' }), {
    help: 'Address to listen on; :: listens on IPv4 and IPv6.',
    default: '0.0.0.0',
  }),
  port: setting(port(), { help: 'Port to listen on; 0 takes a free one.', default: 1_337 }),
  ...identitySettings,
  enrolment: setting(oneOf(ENROLMENT_POLICIES), { help: 'Which unknown agents may enrol.', default: 'loopback' }),
  suites: setting(oneOf(['pq', 'any']), { help: 'Whether agents without post-quantum keys get in.', default: 'pq' }),
  limits: setting(oneOf(LIMIT_PRESETS), { help: 'Preset of the limits.', default: 'default' }),
  permissions: setting(path(), { help: 'Permissions file (JSON).', reloadable: true }),
  receive: setting(path({ placeholder: '<directory>' }), { help: 'Take files of agents into this directory.' }),
};

type ServeContext = CommandContext<typeof serveSettings>;

export const serve = defineCommand({
  name: 'serve',
  summary: 'Run the server.',
  life: 'server',
  settings: serveSettings,
  examples: ['serve', 'serve --host :: --port 1337 --enrolment token', 'serve --permissions ./permissions.json --json'],
  async run(context) {
    const { settings, log, output, shutdown } = context;
    const { dataDir, ...rest } = settings;
    const server = new Server({ ...rest, dataDirectory: dataDir, permissionsFile: settings.permissions, log });
    const listening = await server.listen();
    shutdown.onShutdown(() => server.drain());
    shutdown.onReload(() => reload(server, context));
    log.info('listening', { host: listening.host, port: listening.port, fingerprint: listening.fingerprint });
    await output.emit({ event: 'listening', ...listening, adminPort: null }, startText(listening, settings));
    await shutdown.whenTasksDone;
  },
});

/** SIGHUP: settings, permissions, identity and successions; one that is wrong leaves everything as it is (fault O2). */
async function reload(server: Server, context: ServeContext): Promise<void> {
  const { log, globals, program, resolveOptions, settings, origins } = context;
  void globals;
  void program;
  try {
    const result = reloadSettings(serveSettings, { values: settings, origins }, resolveOptions);
    if (!result.reloaded) throw result.error;
    await server.reload({ permissionsFile: result.settings.values.permissions });
    log.info('reloaded', { changed: result.changed, needRestart: result.needRestart });
  } catch (error) {
    log.error('reload failed, everything stays as it was', { error });
  }
}

function startText(listening: Listening, { host, enrolment }: SettingValues<typeof serveSettings>): string {
  const isWildcard = host === '0.0.0.0' || host === '::';
  const here = showAddress({ host: isWildcard ? '127.0.0.1' : listening.host, port: listening.port });
  const lines = [
    `Sealane server on ${showAddress(listening)}`,
    `  fingerprint  ${listening.fingerprint}`,
    `  connect      sealane-agent start --server ${here}`,
  ];
  if (enrolment === 'token' || enrolment === 'loopback') lines.push('  enrol        sealane-server enrol   (a token for a remote agent)');
  return lines.join('\n');
}
