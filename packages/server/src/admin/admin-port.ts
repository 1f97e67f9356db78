/** AdminPort: the HTTP port of operators, on the loopback interface only (fault A13). It answers nothing by itself. */
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { explained } from '@sealane/node/config';
import { writeFileAtomic } from '@sealane/node/keys';
import { systemRandom } from '@sealane/node/transport';
import { TransportError } from '@sealane/shared/errors';
import type { Logger } from '@sealane/node/log';
import type { AdminAnswerer } from './admin-answerer.ts';
import { openAdminToken } from './admin-token.ts';

/** Name of the file in the data directory that says which port it is. */
export const ADMIN_PORT_FILE = 'admin-port';
/** The one address on which the admin port listens. */
export const ADMIN_HOST = '127.0.0.1';

const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 5_000;
const HEADER_BYTES_MAX = 16_384;
const CONNECTIONS_MAX = 256;

export interface AdminPortHost {
  readonly dataDirectory: string;
  readonly log: Logger;
  /** Loads what answers requests; called once. */
  readonly load: (token: string) => Promise<AdminAnswerer>;
}

interface AdminPortOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** Whether a free port is taken where this one is busy. */
  readonly mayMove: boolean;
}

/**
 * The HTTP port of operators on 127.0.0.1. It is open before the server says that it listens; what answers behind it is
 * loaded when somebody asks, or before, and the first requests wait for it. Closing it takes its file out of the data directory.
 */
export class AdminPort {
  readonly port: number;
  readonly token: string;
  /** Whether the token was made just now. */
  readonly isTokenNew: boolean;
  readonly #host: AdminPortHost;
  readonly #http: HttpServer;
  #answerer: Promise<AdminAnswerer> | undefined;

  private constructor(
    host: AdminPortHost,
    http: HttpServer,
    token: { readonly token: string; readonly isNew: boolean },
  ) {
    this.#host = host;
    this.#http = http;
    this.port = (http.address() as AddressInfo).port;
    this.token = token.token;
    this.isTokenNew = token.isNew;
    http.on('request', (request, response) => void this.#take(request, response));
    // A failing accept must not end the process.
    http.on('error', (error) => host.log.error('admin: a connection could not be taken', { error }));
  }

  /**
   * Opens the port, makes the token at the first start, and says in the data directory where it is.
   *
   * @throws TransportError `E_PORT_BUSY`; ConfigError, StorageError for files of the data directory.
   */
  static async open(host: AdminPortHost, { port, mayMove }: AdminPortOptions): Promise<AdminPort> {
    const token = openAdminToken(host.dataDirectory, systemRandom);
    const http = await listen(port).catch(async (error: unknown) => {
      if (!mayMove || !isBusy(error)) throw busyError(error, port);
      const free = await listen(0);
      const taken = (free.address() as AddressInfo).port;
      host.log.warn('admin: the default port is taken, another one is used', { busy: port, port: taken });
      return free;
    });
    const admin = new AdminPort(host, http, token);
    writeFileAtomic(join(host.dataDirectory, ADMIN_PORT_FILE), `${admin.port}\n`);
    return admin;
  }

  /** Loads what answers, so that no request has to wait for it. */
  async load(): Promise<void> {
    await this.#loaded();
  }

  async close(): Promise<void> {
    rmSync(join(this.#host.dataDirectory, ADMIN_PORT_FILE), { force: true });
    const closed = new Promise((resolve) => this.#http.close(resolve));
    this.#http.closeAllConnections();
    await closed;
    await (await this.#answerer?.catch(() => undefined))?.close();
  }

  #loaded(): Promise<AdminAnswerer> {
    this.#answerer ??= this.#host.load(this.token);
    return this.#answerer;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      (await this.#loaded()).handle(request, response);
    } catch (error) {
      this.#host.log.error('admin: what answers could not be loaded', { error });
      response.writeHead(503).end();
    }
  }
}

function listen(port: number): Promise<HttpServer> {
  return new Promise((resolve, reject) => {
    const http = createServer({
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
    });
    http.maxConnections = CONNECTIONS_MAX;
    http.once('error', reject);
    http.listen({ host: ADMIN_HOST, port }, () => {
      http.off('error', reject);
      resolve(http);
    });
  });
}

function isBusy(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EADDRINUSE';
}

function busyError(error: unknown, port: number): unknown {
  if (!isBusy(error)) return error;
  const busy = new TransportError('E_PORT_BUSY', `The admin port ${port} is taken by another program`, {
    cause: error,
  });
  return explained(busy, { next: 'Choose another --admin-port: 0 takes a free one, off opens none.' });
}
