/**
 * The admin API: an HTTP application without a socket of its own. In order: host and token (access.ts), limits, schemas, the
 * route. Errors are problems (problem.ts), whatever threw them.
 *
 * It is loaded when somebody asks (server-admin.ts), because the HTTP framework takes longer to load than all the rest.
 */
import type { fastifySwagger } from '@fastify/swagger';
import { fastify, type FastifyReply } from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { ruleOfUrl, type Access } from './access.ts';
import type { AdminAnswerer } from './admin-answerer.ts';
import type { AdminHost } from './admin-host.ts';
import type { AdminApp } from './admin-route.ts';
import { Metrics } from './metrics.ts';
import { ADMIN_BODY_BYTES_MAX } from './plain-http.ts';
import { PROBLEM_TYPE, Problem, problemOf } from './problem.ts';
import { agentRoutes } from './routes/agent-routes.ts';
import { banRoutes } from './routes/ban-routes.ts';
import { deadLetterRoutes } from './routes/dead-letter-routes.ts';
import { eventRoutes } from './routes/event-routes.ts';
import { healthRoutes } from './routes/health-routes.ts';
import { serverRoutes } from './routes/server-routes.ts';
import { usageRoutes } from './routes/usage-routes.ts';

const PARAMETER_CHARACTERS_MAX = 512;
const METHODS = ['DELETE', 'GET', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const;

/** What an application works with besides its host. */
interface AdminAppParts {
  readonly access: Access;
  readonly metrics: Metrics;
  /** Makes one that can describe itself. */
  readonly swagger?: typeof fastifySwagger;
}

/** Builds it; ready to take requests when it resolves. */
export async function createAdminApp(host: AdminHost, { access, metrics, swagger }: AdminAppParts): Promise<AdminApp> {
  const app: AdminApp = fastify({
    bodyLimit: ADMIN_BODY_BYTES_MAX,
    logger: false,
    frameworkErrors: (error, _request, reply) => {
      answer(reply, problemOf(error) ?? new Problem('E_INTERNAL'));
    },
    return503OnClosing: false,
    routerOptions: { maxParamLength: PARAMETER_CHARACTERS_MAX },
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
    const { url, config } = request.routeOptions;
    access.check({ rule: url === undefined ? ruleOfUrl(request.url) : config.access, headers: request.headers });
    if (!host.server.isOpen && config.worksAlways !== true) throw new Problem('E_DRAINING');
    done();
  });
  answerProblems(app, host);
  const urls = checkRoutes(app);
  if (swagger !== undefined) await app.register(swagger, { openapi: DOCUMENT, transform: jsonSchemaTransform });
  await app.register((scope: AdminApp) => {
    addRoutes(scope, host, { access, metrics });
    refuseOtherMethods(scope, urls);
  });
  await app.ready();
  return app;
}

/** What answers the requests of the admin port of one process. */
export async function loadAdminApp(host: AdminHost, access: Access): Promise<AdminAnswerer> {
  const app = await createAdminApp(host, { access, metrics: new Metrics(host, access) });
  return {
    handle: (request, response) => {
      app.routing(request, response);
    },
    close: () => app.close(),
  };
}

/** The OpenAPI 3.1 document, from an application of its own: few ask for it, and what makes it takes its time to load. */
export async function describeAdminApp(host: AdminHost, access: Access): Promise<object> {
  const { fastifySwagger: swagger } = await import('@fastify/swagger');
  const app = await createAdminApp(host, { access, metrics: new Metrics(host, access), swagger });
  try {
    return app.swagger();
  } finally {
    await app.close();
  }
}

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Sealane admin API', description: 'See docs/admin-api.md.', version: '1' },
  components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
} as const;

function addRoutes(app: AdminApp, host: AdminHost, { access, metrics }: AdminAppParts): void {
  app.addHook('onClose', () => {
    metrics.close();
  });
  healthRoutes(app, host, metrics);
  eventRoutes(app, host);
  agentRoutes(app, host);
  banRoutes(app, host);
  deadLetterRoutes(app, host);
  usageRoutes(app, host);
  serverRoutes(app, host, () => describeAdminApp(host, access));
}

/** Notes the methods of every route, and refuses one that names no rule. */
function checkRoutes(app: AdminApp): Map<string, Set<string>> {
  const urls = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method, config }) => {
    if (config?.access === undefined) throw new TypeError(`the route ${url} names no rule of access`);
    const methods = urls.get(url) ?? new Set();
    for (const each of [method].flat()) methods.add(each);
    urls.set(url, methods);
  });
  return urls;
}

/** Known places with another method: 405, with the methods that there are. */
function refuseOtherMethods(app: AdminApp, urls: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const [url, methods] of [...urls]) {
    const allowed = [...methods].sort();
    const others = METHODS.filter((method) => !methods.has(method));
    app.route({
      method: others,
      url,
      schema: { hide: true },
      config: { access: ruleOfUrl(url) },
      handler: (_request, reply) => {
        reply.header('allow', allowed.join(', '));
        throw new Problem('E_BAD_REQUEST', { status: 405, detail: `Methods: ${allowed.join(', ')}.` });
      },
    });
  }
}

function answerProblems(app: AdminApp, host: AdminHost): void {
  app.setNotFoundHandler(() => {
    throw new Problem('E_BAD_REQUEST', { status: 404, detail: 'There is nothing at this address.' });
  });
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem !== undefined) return answer(reply, problem);
    host.log.error('admin: a request failed', { route: request.routeOptions.url, method: request.method, error });
    return answer(reply, new Problem('E_INTERNAL'));
  });
}

function answer(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.retryAfterSeconds !== undefined) reply.header('retry-after', problem.retryAfterSeconds);
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
  return reply
    .status(problem.status)
    .type(PROBLEM_TYPE)
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problem.body);
}
