/** `serve --processes N`: the primary, which holds the port and the data directory; the others run `serve` as members. */
import type { CommandContext } from '@sealane/node/cli';
import {
  explained,
  integer,
  resolveSettings,
  setting,
  type Declarations,
  type SettingValues,
} from '@sealane/node/config';
import { ConfigError } from '@sealane/shared/errors';
import { loadsAdminOfProcesses } from '../admin/index.ts';
import { Primary } from '../processes/index.ts';
import type { Listening } from '../server/index.ts';
import { sayListening } from './say-listening.ts';
import { ServeAdmin, type adminSettings } from './serve-admin.ts';
import { ServiceNotifier } from './service-notifier.ts';
import { logSettings, type dataDirectorySettings } from './settings.ts';

const PROCESSES_MAX = 64;

export const processSettings = {
  processes: setting(integer({ min: 1, max: PROCESSES_MAX }), {
    help: 'How many processes serve; more than one need a store on Redis.',
    default: 1,
  }),
};

/** The part of the settings that a primary needs. */
interface PrimarySettings extends SettingValues<
  typeof processSettings & typeof dataDirectorySettings & typeof adminSettings
> {
  readonly host: string;
  readonly port: number;
  readonly store: string | undefined;
}

type PrimaryContext<Settings> = Omit<CommandContext<Declarations>, 'settings'> & { readonly settings: Settings };

/** What is known of the admin port at the start. */
export interface StartedAdmin {
  readonly port: number | null;
  readonly newToken: string | undefined;
}

/** Says where they listen, and how to use it. */
export type StartText<Settings> = (listening: Listening, settings: Settings, admin: StartedAdmin) => string;

/** Runs until a signal ends it, or its processes end again and again. */
export async function servePrimary<Settings extends PrimarySettings>(
  { settings, origins, resolveOptions, log, output, shutdown, environment }: PrimaryContext<Settings>,
  startText: StartText<Settings>,
): Promise<void> {
  const { dataDir: dataDirectory, host, port, processes, store } = settings;
  checkStore(processes, store);
  const admin = new ServeAdmin({ settings, origins, log });
  const primary: Primary = new Primary({
    ...{ dataDirectory, host, port, processes, log },
    openAdmin: async () => {
      await admin.open((audit) => loadsAdminOfProcesses({ processes: primary, audit, log }));
      return admin.token;
    },
    onAudit: (action, fields) => admin.note(action, fields),
  });
  shutdown.onShutdown(() => admin.close());
  shutdown.onShutdown(() => primary.drain());
  const service = new ServiceNotifier({ environment, log, shutdown });
  shutdown.onReload(
    service.reloading(() => {
      log.setLevel(resolveSettings(logSettings, resolveOptions).values.logLevel);
      primary.reload();
    }),
  );
  const listening = await listen(primary, admin);
  const { fingerprint } = listening;
  admin.note('server-started', { fingerprint, processes });
  log.info('listening', { ...listening, processes });
  const text = startText(listening, settings, admin);
  await sayListening({ output, log }, { ...listening, adminPort: admin.port }, text);
  service.ready();
  await admin.load();
  const failure = await Promise.race([shutdown.whenTasksDone, primary.whenFailed]);
  if (failure === undefined) return;
  shutdown.begin();
  await shutdown.whenTasksDone;
  throw failure;
}

/** @throws what the processes could not start for; the admin port is closed then. */
async function listen(primary: Primary, admin: ServeAdmin): Promise<Listening> {
  try {
    return await primary.listen();
  } catch (error) {
    await admin.close();
    throw error;
  }
}

function checkStore(processes: number, store: string | undefined): void {
  if (/^rediss?:/.test(store ?? '')) return;
  const error = new ConfigError('E_USAGE', `--processes ${processes} needs a store on Redis`);
  throw explained(error, {
    why: 'A file or a memory serves one process.',
    next: 'Add --store redis://HOST:PORT/DATABASE, or use --processes 1.',
  });
}
