/** `serve --admin-port`: the admin port of the server, its token, and the audit log. */
import * as z from 'zod/mini';
import { port, setting, type Origin, type SettingType, type SettingValues } from '@sealane/node/config';
import type { Logger } from '@sealane/node/log';
import { AdminPort, keepAuditTrail } from '../admin/index.ts';
import { AuditLog, type AuditRecorder } from '../audit/index.ts';
import { backUp, type Server } from '../server/index.ts';

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
  /** Ends the whole server in an orderly way. */
  readonly beginDrain: () => void;
}

/** The admin port of a server that listens, as `serve` opens it. */
export class ServeAdmin {
  readonly #server: Server;
  readonly #options: ServeAdminOptions;
  #audit: AuditLog | undefined;
  #port: AdminPort | undefined;

  constructor(server: Server, options: ServeAdminOptions) {
    this.#server = server;
    this.#options = options;
  }

  /** The port; null where there is none. */
  get port(): number | null {
    return this.#port?.port ?? null;
  }

  /** The token, where it was made just now. */
  get newToken(): string | undefined {
    return this.#port?.isTokenNew === true ? this.#port.token : undefined;
  }

  get audit(): AuditRecorder | undefined {
    return this.#audit;
  }

  /** @throws TransportError, ConfigError, StorageError that say what to do. */
  async open(): Promise<void> {
    const { settings, origins, log, beginDrain } = this.#options;
    const { dataDir: dataDirectory, adminPort } = settings;
    const server = this.#server;
    const audit = new AuditLog(dataDirectory, { log, wallClock: Date.now });
    this.#audit = audit;
    keepAuditTrail(server, audit);
    audit.note('server-started', { fingerprint: server.fingerprint });
    if (adminPort === 'off') return;
    this.#port = await AdminPort.open(
      {
        ...{ server, dataDirectory, audit, log, wallClock: Date.now },
        backup: (path) => backUp({ directory: dataDirectory, store: server.delivery.store }, path),
        beginDrain,
      },
      { port: adminPort, mayMove: origins['admin-port']?.layer === 'default' },
    );
  }

  /** Loads what the port answers with: after the server has said that it listens. */
  async load(): Promise<void> {
    await this.#port?.load();
  }

  async close(): Promise<void> {
    await this.#port?.close();
    this.#audit?.note('server-ended');
    await this.#audit?.close();
  }
}
