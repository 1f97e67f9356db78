/** A server in this process with an admin port, and requests to it. Not part of the product. */
import { request, type IncomingHttpHeaders } from 'node:http';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger, silentLogger, type Logger } from '@sealane/node/log';
import { PassThrough } from 'node:stream';
import { AdminPort, keepAuditTrail, loadsAdmin } from '../../src/admin/index.ts';
import { AuditLog } from '../../src/audit/index.ts';
import { backUp } from '../../src/server/index.ts';
import { TestServer } from '../test-server.ts';

/** An answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body where it is JSON. */
  readonly json: Record<string, unknown>;
}

export interface Asked {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly raw?: string | Uint8Array;
}

export class TestAdmin {
  readonly server: TestServer;
  readonly admin: AdminPort;
  readonly #audit: AuditLog;
  log = '';
  drains = 0;

  private constructor(server: TestServer, admin: AdminPort, audit: AuditLog) {
    this.server = server;
    this.admin = admin;
    this.#audit = audit;
  }

  static async start(options: Parameters<typeof TestServer.start>[0] = {}): Promise<TestAdmin> {
    const stream = new PassThrough();
    const log: Logger = createLogger({ level: 'debug', json: true, stream });
    const server = await TestServer.start({ store: 'memory:', log, ...options });
    const dataDirectory = server.directory;
    const audit = new AuditLog(dataDirectory, { log: silentLogger, wallClock: Date.now });
    keepAuditTrail(server.library, audit);
    let drains = (): void => undefined;
    const load = loadsAdmin({
      ...{ server: server.library, dataDirectory, audit, log, wallClock: Date.now },
      backup: (path) => {
        const { delivery, messaging } = server.library;
        return backUp({ directory: dataDirectory, store: delivery.store, messaging }, path);
      },
      beginDrain: () => drains(),
    });
    const admin = await AdminPort.open({ dataDirectory, log, load }, { port: 0, mayMove: false });
    const test = new TestAdmin(server, admin, audit);
    drains = () => (test.drains += 1);
    stream.on('data', (chunk: Buffer) => (test.log += chunk.toString()));
    return test;
  }

  /** With the right token, unless another one is named. */
  async ask(path: string, asked: Asked = {}): Promise<Answer> {
    return await askAdmin(this.admin, path, asked);
  }

  /** The audit log so far, one record a line. */
  async audited(): Promise<readonly Record<string, unknown>[]> {
    await this.#audit.flush();
    const text = readFileSync(join(this.server.directory, 'audit.jsonl'), 'utf8');
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async stop(): Promise<void> {
    await this.admin.close();
    await this.#audit.close();
    await this.server.stop();
  }
}

/** Asks an admin port, with its token unless another one is named. */
export async function askAdmin(
  admin: { readonly port: number; readonly token: string },
  path: string,
  asked: Asked = {},
): Promise<Answer> {
  const token = 'token' in asked ? asked.token : admin.token;
  const body = asked.raw ?? (asked.body === undefined ? undefined : JSON.stringify(asked.body));
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(asked.body !== undefined && { 'content-type': 'application/json' }),
    ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
    ...asked.headers,
  };
  return await send({ port: admin.port, path, method: asked.method ?? 'GET', headers }, body);
}

function send(
  options: { port: number; path: string; method: string; headers: Record<string, string> },
  body: string | Uint8Array | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', agent: false, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const { statusCode = 0, headers } = response;
        resolve({ status: statusCode, headers, text, json: parse(text) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
