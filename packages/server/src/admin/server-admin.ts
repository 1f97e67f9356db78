/**
 * ServerAdmin: the admin port of a server of one process. What monitors ask every few seconds, whether it lives and is ready,
 * it answers itself; for all the rest it loads the HTTP application (admin-app.ts) when somebody asks first, because that takes
 * longer to load than all of the server.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { monotonicNow } from '@sealane/node/transport';
import { Access } from './access.ts';
import type { AdminAnswerer } from './admin-answerer.ts';
import type { AdminHost } from './admin-host.ts';
import { jsonReply, problemReply, sendReply } from './plain-http.ts';
import { Problem, problemOf } from './problem.ts';
import type { AdminReply } from './process-questions.ts';
import { healthOf, readinessOf } from './readiness.ts';

export class ServerAdmin implements AdminAnswerer {
  readonly #host: AdminHost;
  readonly #access: Access;
  #app: Promise<AdminAnswerer> | undefined;

  constructor(host: AdminHost, token: string) {
    this.#host = host;
    this.#access = new Access({ token, now: monotonicNow, onRefused: () => host.audit.note('admin-token-refused') });
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const health = request.method === 'GET' ? this.#health(request) : undefined;
    if (health !== undefined) sendReply(request, response, health);
    else void this.#handOn(request, response);
  }

  async close(): Promise<void> {
    await (await this.#app?.catch(() => undefined))?.close();
  }

  #health({ url, headers }: IncomingMessage): AdminReply | undefined {
    if (url !== '/livez' && url !== '/readyz') return undefined;
    try {
      this.#access.check({ rule: 'anybody', headers });
    } catch (error) {
      return problemReply(problemOf(error) ?? new Problem('E_INTERNAL'));
    }
    if (url === '/livez') return jsonReply(200, { status: 'ok', reasons: [] });
    const readiness = readinessOf(this.#host.server);
    return jsonReply(readiness.isReady ? 200 : 503, healthOf(readiness));
  }

  async #handOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.#app ??= this.#load();
      (await this.#app).handle(request, response);
    } catch (error) {
      this.#host.log.error('admin: what answers could not be loaded', { error });
      response.writeHead(503).end();
    }
  }

  async #load(): Promise<AdminAnswerer> {
    const { loadAdminApp } = await import('./admin-app.ts');
    return await loadAdminApp(this.#host, this.#access);
  }
}
