/** `serve --admin-port`: the admin port of the server, its token, and the audit log. */
import * as z from 'zod/mini';
import { port, setting, type Origin, type SettingType, type SettingValues } from '@sealane/node/config';
import type { Logger } from '@sealane/node/log';
import { AdminPort, loadsAdmin, keepAuditTrail, type AdminHost } from '../admin/index.ts';
import { AuditLog, type AuditFields, type AuditRecorder } from '../audit/index.ts';
import { backUp } from '../server/index.ts';

const ADMIN_PORT_DEFAULT = 1_338;

/** A port, or `off`. */
function portOrOff(): SettingType<number | 'off'> {
  const base = port();
  return {
    ...base,
    schema: z.union([z.literal('off'), base.schema]),
    placeholder: '<port|off>',
    expects: `${base.expects}, or off`,
    jsonSchema: { anyOf: [base.jsonSchema, { const: 'off' }] },
    show: String,
  };
}

export const adminSettings = {
  'admin-port': setting(portOrOff(), {
    help: 'Port of health, metrics and the admin API on 127.0.0.1; 0 takes a free one, off opens none.',
    default: ADMIN_PORT_DEFAULT,
  }),
};

export interface ServeAdminOptions {
  readonly settings: SettingValues<typeof adminSettings> & { readonly dataDir: string };
  readonly origins: Readonly<Record<string, Origin>>;
  readonly log: Logger;
}

/** What answers at the admin port, made once there is an audit log. */
type LoadsAnswers = (audit: AuditRecorder) => Parameters<typeof AdminPort.open>[0]['load'];

/** The admin port and the audit log of a data directory, as `serve` opens them. */
export class ServeAdmin implements AuditRecorder {
  readonly #options: ServeAdminOptions;
  #audit: AuditLog | undefined;
  #port: AdminPort | undefined;

  constructor(options: ServeAdminOptions) {
    this.#options = options;
  }

  /** The port; null where there is none. */
  get port(): number | null {
    return this.#port?.port ?? null;
  }

  /** The token; null where there is no port. */
  get token(): string | null {
    return this.#port?.token ?? null;
  }

  /** The token, where it was made just now. */
  get newToken(): string | undefined {
    return this.#port?.isTokenNew === true ? this.#port.token : undefined;
  }

  /** @throws TransportError, ConfigError, StorageError that say what to do. */
  async open(loads: LoadsAnswers): Promise<AuditRecorder> {
    const { settings, origins, log } = this.#options;
    const { dataDir: dataDirectory, adminPort } = settings;
    const audit = new AuditLog(dataDirectory, { log, wallClock: Date.now });
    this.#audit = audit;
    if (adminPort === 'off') return audit;
    const mayMove = origins['admin-port']?.layer === 'default';
    this.#port = await AdminPort.open({ dataDirectory, log, load: loads(audit) }, { port: adminPort, mayMove });
    return audit;
  }

  /** Loads what the port answers with: after the server has said that it listens. */
  async load(): Promise<void> {
    await this.#port?.load();
  }

  /** For the audit log; nothing before it is open. */
  note(action: string, fields?: AuditFields): void {
    this.#audit?.note(action, fields);
  }

  /** Twice is harmless. */
  async close(): Promise<void> {
    const [port, audit] = [this.#port, this.#audit];
    this.#port = undefined;
    this.#audit = undefined;
    await port?.close();
    audit?.note('server-ended');
    await audit?.close();
  }
}

/** Opens it for a server of one process. @throws as `open`. */
export async function openAdmin(
  admin: ServeAdmin,
  about: Pick<AdminHost, 'server' | 'dataDirectory' | 'log' | 'beginDrain'>,
): Promise<AuditRecorder> {
  const { server } = about;
  const audit = await admin.open((recorder) => loadsAdmin(adminHost(recorder, about)));
  keepAuditTrail(server, audit);
  audit.note('server-started', { fingerprint: server.fingerprint });
  return audit;
}

export function adminHost(
  audit: AuditRecorder,
  about: Pick<AdminHost, 'server' | 'dataDirectory' | 'log' | 'beginDrain'>,
): AdminHost {
  const { server, dataDirectory } = about;
  const backup = (path: string): Promise<void> =>
    backUp({ directory: dataDirectory, store: server.delivery.store, messaging: server.messaging }, path);
  return { ...about, audit, wallClock: Date.now, backup };
}
