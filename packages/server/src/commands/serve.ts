/** `serve`: runs the server until a signal ends it, drained, within 5 s. */
import { defineCommand, failureOf, type CommandContext, type Shutdown } from '@sealane/node/cli';
import {
  dataDirectoryFlag,
  host,
  oneOf,
  path,
  port,
  reloadSettings,
  resolveSettings,
  setting,
  showAddress,
  text,
  privateText,
  toggle,
  type ResolvedSettings,
  type SettingValues,
} from '@sealane/node/config';
import type { Logger } from '@sealane/node/log';
import { EXIT, StorageError } from '@sealane/shared/errors';
import type { AuditRecorder } from '../audit/index.ts';
import { ENROLMENT_POLICIES, LIMIT_PRESETS } from '../config/index.ts';
import { Member } from '../processes/index.ts';
import { Server, type Listening } from '../server/index.ts';
import { sayListening } from './say-listening.ts';
import { ServeAdmin, adminSettings, openAdmin } from './serve-admin.ts';
import { fileSettings, serveFiles } from './serve-files.ts';
import { adoptIdentity, sharedIdentitySettings } from './serve-identity.ts';
import { ServeMember } from './serve-member.ts';
import { processSettings, servePrimary, type StartedAdmin, type StartText } from './serve-primary.ts';
import { ServiceNotifier } from './service-notifier.ts';
import { identitySettings, logSettings, warnOfIdlePassphrase } from './settings.ts';

export const serveSettings = {
  host: setting(host(), {
    help: 'Address to listen on; :: listens on IPv4 and IPv6.',
    default: '0.0.0.0',
  }),
  port: setting(port(), { help: 'Port to listen on; 0 takes a free one.', default: 1_337 }),
  ...identitySettings,
  enrolment: setting(oneOf(ENROLMENT_POLICIES), { help: 'Which unknown agents may enrol.', default: 'loopback' }),
  registration: setting(oneOf(['open', 'token', 'closed']), {
    help: 'Who may make an account for messages.',
    defaultHelp: 'as --enrolment',
  }),
  suites: setting(oneOf(['pq', 'any']), { help: 'Whether agents without post-quantum keys get in.', default: 'pq' }),
  limits: setting(oneOf(LIMIT_PRESETS), { help: 'Preset of the limits.', default: 'default' }),
  store: setting(
    privateText({
      pattern: /^(?:memory:$|sqlite:.|rediss?:\/\/.)/,
      expects: 'sqlite:PATH, redis://HOST:PORT/DATABASE or memory:',
      placeholder: '<sqlite:PATH|redis://…|memory:>',
    }),
    { help: 'Where events are kept.', defaultHelp: 'sqlite in the data directory' },
  ),
  'health-url': setting(text({ placeholder: '<url>' }), {
    help: 'Where other nodes reach /readyz of this one; a node without its store sends its agents to nodes that are ready.',
    defaultHelp: 'agents stay',
  }),
  'require-durable': setting(toggle(), {
    help: 'Do not start where the store may lose events that it took; else receipts say relaxed.',
    default: false,
  }),
  permissions: setting(path(), { help: 'Permissions file (JSON).', reloadable: true }),
  ...sharedIdentitySettings,
  ...processSettings,
  ...adminSettings,
  ...fileSettings,
};

export const serve = defineCommand({
  name: 'serve',
  summary: 'Run the server.',
  life: 'server',
  settings: serveSettings,
  examples: ['serve', 'serve --host :: --port 1337 --enrolment token', 'serve --permissions ./permissions.json --json'],
  async run(context) {
    const { environment, settings } = context;
    const member = Member.of(environment);
    if (member !== undefined) return await serveAsMember(member, context);
    await adoptIdentity(settings);
    warnOfIdlePassphrase(settings, (warning) => context.log.warn(warning));
    if (settings.processes > 1) await servePrimary(context, startText(environment));
    else await serveAlone(context);
    return EXIT.ok;
  },
});

type ServeContext = CommandContext<typeof serveSettings>;

/** One of several processes: what it fails of is told to the primary, which says it. */
async function serveAsMember(member: Member, context: ServeContext): Promise<number> {
  const log = context.log.child({ process: member.number });
  try {
    await serveMember(member, context, log);
    return EXIT.ok;
  } catch (error) {
    log.error('process cannot serve', { error });
    const failure = failureOf(error);
    await member.failed(failure);
    return failure.exit;
  }
}

/** Serves in this process alone until the end. */
async function serveAlone(context: ServeContext): Promise<void> {
  const { settings, origins, output, shutdown, environment, log } = context;
  const { server, listening } = await startServer(context, { log, member: undefined });
  const admin = new ServeAdmin({ settings, origins, log });
  shutdown.onShutdown(() => admin.close());
  shutdown.onShutdown(() => server.drain());
  const beginDrain = (): void => shutdown.begin();
  await openAdmin(admin, { server, dataDirectory: settings.dataDir, log, beginDrain });
  const fault = endWhenStoreFails(server, shutdown);
  const service = new ServiceNotifier({ environment, log, shutdown });
  shutdown.onReload(service.reloading(reloader(context, { server, log, audit: admin })));
  log.info('listening', { ...listening });
  const told = startText(environment)(listening, settings, admin);
  await sayListening({ output, log: context.log }, { ...listening, adminPort: admin.port }, told);
  service.ready();
  await shutdown.whenTasksDone;
  if (fault.store !== undefined) throw fault.store;
}

/** Serves as one of several processes until the end. */
async function serveMember(member: Member, context: ServeContext, log: Logger): Promise<void> {
  const { settings, shutdown } = context;
  const { server, listening } = await startServer(context, { log, member });
  const own = new ServeMember(server, member, { dataDirectory: settings.dataDir, log });
  shutdown.onShutdown(() => own.close());
  shutdown.onShutdown(() => server.drain());
  own.open();
  const fault = endWhenStoreFails(server, shutdown);
  const reload = reloader(context, { server, log, audit: member });
  log.info('listening', { ...listening });
  member.follow({
    reload: () => void reload(),
    drain: () => shutdown.begin(),
    answer: (question) => own.answer(question),
  });
  member.ready(listening);
  await own.load();
  await shutdown.whenTasksDone;
  if (fault.store !== undefined) throw fault.store;
}

async function startServer(
  { settings }: ServeContext,
  { log, member }: { readonly log: Logger; readonly member: Member | undefined },
): Promise<{ readonly server: Server; readonly listening: Listening }> {
  const { dataDir, permissions, ...rest } = settings;
  const options = { dataDirectory: dataDir, permissionsFile: permissions, socketSource: member };
  const server = new Server({ ...rest, ...options, log });
  await serveFiles(server, settings, log);
  return { server, listening: await server.listen() };
}

/** A store that cannot go on ends the server, drained: never continue in doubt (fault S4). */
function endWhenStoreFails(server: Server, shutdown: Shutdown): { store: Error | undefined } {
  const fault: { store: Error | undefined } = { store: undefined };
  const onMessagingFailed = (error: Error): void => {
    fault.store ??= error;
    shutdown.begin();
  };
  server.on('messaging-failed', onMessagingFailed);
  const failure = server.messaging?.failure;
  if (failure !== undefined) onMessagingFailed(failure);
  server.on('store-health', ({ status, reasons }) => {
    if (status !== 'failed' || fault.store !== undefined) return;
    fault.store = new StorageError('E_STORAGE', `The store cannot go on: ${reasons.join(', ')}`);
    shutdown.begin();
  });
  return fault;
}

/** SIGHUP: settings, permissions, identity and successions; where one is wrong, everything stays (fault O2). */
function reloader(
  context: ServeContext,
  { server, log, audit }: { readonly server: Server; readonly log: Logger; readonly audit: AuditRecorder },
): () => Promise<void> {
  const { settings, origins, resolveOptions } = context;
  let current: ResolvedSettings<typeof serveSettings> = { values: settings, origins };
  return async () => {
    const before = server.fingerprint;
    try {
      const { logLevel } = resolveSettings(logSettings, resolveOptions).values;
      const result = reloadSettings(serveSettings, current, resolveOptions);
      if (!result.reloaded) throw result.error;
      await server.reload({ permissionsFile: result.settings.values.permissions });
      context.log.setLevel(logLevel);
      current = result.settings;
      const { changed, needRestart } = result;
      log.info('reloaded', { changed, needRestart, fingerprint: server.fingerprint });
      audit.note('reloaded', { changed: changed.join(' ') });
      if (server.fingerprint !== before) audit.note('key-rotated', { before, after: server.fingerprint });
    } catch (error) {
      log.error('reload failed, everything stays as it was', { error });
      audit.note('reload-failed', { code: failureOf(error).code });
    }
  };
}

function startText(environment: ServeContext['environment']): StartText<SettingValues<typeof serveSettings>> {
  return (listening, settings, admin) => bannerLines(listening, settings, { admin, environment }).join('\n');
}

function bannerLines(
  listening: Listening,
  { host, enrolment, dataDir }: SettingValues<typeof serveSettings>,
  { admin, environment }: { readonly admin: StartedAdmin; readonly environment: ServeContext['environment'] },
): readonly string[] {
  const isWildcard = host === '0.0.0.0' || host === '::';
  const here = showAddress({ host: isWildcard ? '127.0.0.1' : listening.host, port: listening.port });
  const directoryFlag = dataDirectoryFlag(dataDir, { application: 'server', environment });
  const lines = [
    `Sealane server on ${showAddress(listening)}`,
    `  fingerprint  ${listening.fingerprint}`,
    `  connect      sealane-agent start --server ${here}`,
  ];
  if (enrolment === 'token' || enrolment === 'loopback')
    lines.push(`  enrol        sealane-server enrol${directoryFlag}   (a token for a remote agent)`);
  if (admin.port !== null) lines.push(`  admin        http://127.0.0.1:${admin.port}`);
  if (admin.newToken !== undefined && process.stdout.isTTY)
    lines.push(`  admin token  ${admin.newToken}   (shown this once; kept in admin-token of the data directory)`);
  return lines;
}
