/**
 * MemberAdmin: what one of several processes answers its primary: requests to the admin port, which come here without a
 * socket and are judged like any other, and its own share of what the primary adds up (admin-of-processes.ts).
 */
import type { HTTPMethods, LightMyRequestResponse } from 'fastify';
import { monotonicNow } from '@sealane/node/transport';
import { Access } from './access.ts';
import { createAdminApp } from './admin-app.ts';
import type { AdminHost } from './admin-host.ts';
import type { AdminApp } from './admin-route.ts';
import { connectedInstance } from './connected-instances.ts';
import { Metrics } from './metrics.ts';
import { nodeStatusOf } from './node-status.ts';
import type { AdminReply, AdminRequest, ProcessAnswers, ProcessQuestion } from './process-questions.ts';
import { readinessOf } from './readiness.ts';

/** Headers that belong to the way of a request, not to the request. */
const OF_THE_WAY: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'transfer-encoding',
]);

export class MemberAdmin {
  readonly #host: AdminHost;
  readonly #app: AdminApp;
  readonly #metrics: Metrics;

  private constructor(host: AdminHost, app: AdminApp, metrics: Metrics) {
    this.#host = host;
    this.#app = app;
    this.#metrics = metrics;
  }

  /** @param token of the admin port. The primary refuses without it too, and takes note of that. */
  static async load(host: AdminHost, token: string): Promise<MemberAdmin> {
    const access = new Access({ token, now: monotonicNow, onRefused: () => undefined });
    const metrics = new Metrics(host, access);
    return new MemberAdmin(host, await createAdminApp(host, { access, metrics }), metrics);
  }

  async answer(question: ProcessQuestion): Promise<ProcessAnswers[ProcessQuestion['about']]> {
    const { server } = this.#host;
    switch (question.about) {
      case 'request':
        return await this.#request(question.request);
      case 'readiness':
        return readinessOf(server);
      case 'status':
        return nodeStatusOf(server);
      case 'metrics':
        return await this.#metrics.figures();
      case 'instances': {
        const asked = new Set(question.agentIds);
        return server
          .agents()
          .filter(({ agentId }) => asked.has(agentId))
          .map(connectedInstance);
      }
    }
  }

  async close(): Promise<void> {
    await this.#app.close();
  }

  async #request({ method, url, headers, body }: AdminRequest): Promise<AdminReply> {
    const own = Object.entries(headers).filter(([name]) => !OF_THE_WAY.has(name));
    const payload = body === undefined ? {} : { payload: body };
    const reply = await this.#app.inject({
      ...{ method: method as HTTPMethods & 'GET', url, headers: Object.fromEntries(own) },
      ...payload,
    });
    return { status: reply.statusCode, headers: headersOf(reply), body: reply.body };
  }
}

function headersOf({ headers }: LightMyRequestResponse): Readonly<Record<string, string>> {
  const own = Object.entries(headers).filter(([name]) => !OF_THE_WAY.has(name));
  return Object.fromEntries(own.map(([name, value]) => [name, String(value)]));
}
