/** `/livez`, `/readyz` and `/metrics`: what monitors ask, without a token. */
import type { AdminHost } from '../admin-host.ts';
import type { AdminApp } from '../admin-route.ts';
import type { Metrics } from '../metrics.ts';
import * as schemas from '../schemas.ts';
import { healthOf, readinessOf } from '../readiness.ts';

const config = { access: 'anybody' } as const;
const always = { access: 'anybody', worksAlways: true } as const;

export function healthRoutes(app: AdminApp, { server }: AdminHost, metrics: Metrics): void {
  app.get(
    '/livez',
    { config: always, schema: { summary: 'The process runs.', response: { 200: schemas.health } } },
    () => ({
      status: 'ok' as const,
      reasons: [],
    }),
  );
  const response = { 200: schemas.health, 503: schemas.health };
  app.get(
    '/readyz',
    { config: always, schema: { summary: 'It takes agents and events.', response } },
    (_request, reply) => {
      const readiness = readinessOf(server);
      reply.status(readiness.isReady ? 200 : 503);
      return healthOf(readiness);
    },
  );
  app.get('/metrics', { config, schema: { summary: 'Metrics for Prometheus.' } }, async (_request, reply) => {
    const { type, text } = await metrics.text();
    return reply.type(type).send(text);
  });
}
