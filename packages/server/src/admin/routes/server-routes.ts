/** `/v1/status`, `/v1/drain`, `/v1/backup` and the description of this API. */
import type { AdminHost } from '../admin-host.ts';
import { operator, responses, secured, type AdminApp } from '../admin-route.ts';
import { nodeStatusOf, serverStatus } from '../node-status.ts';
import * as schemas from '../schemas.ts';

export function serverRoutes(app: AdminApp, host: AdminHost, describe: () => Promise<object>): void {
  const { audit } = host;
  const status = { ...secured, summary: 'How the server is.', response: responses({ 200: schemas.status }) };
  app.get('/v1/status', { config: operator, schema: status }, () => statusOf(host));
  const drain = {
    ...secured,
    summary: 'End the server in an orderly way.',
    response: responses({ 202: schemas.accepted }),
  };
  app.post('/v1/drain', { config: operator, schema: drain }, (_request, reply) => {
    audit.note('drain');
    reply.raw.once('finish', host.beginDrain);
    reply.status(202);
    return { draining: true };
  });
  const backup = {
    ...secured,
    summary: 'Copy the data directory, the store included, into a new directory of the server.',
    body: schemas.backupBody,
    response: responses({ 201: schemas.backedUp }),
  };
  app.post('/v1/backup', { config: operator, schema: backup }, async (request, reply) => {
    const { path } = request.body;
    await host.backup(path);
    audit.note('backup', { path });
    return reply.status(201).send({ path });
  });
  const document = { summary: 'This description.', ...secured };
  app.get('/v1/openapi.json', { config: operator, schema: document }, describe);
}

function statusOf({ server }: AdminHost) {
  const node = nodeStatusOf(server);
  const uptimeSeconds = Math.round(process.uptime());
  const { connections } = node;
  const state = server.isServing ? 'serving' : 'draining';
  const own = { process: 1, pid: process.pid, state, uptimeSeconds, connections, restarts: 0 } as const;
  return serverStatus([node], { draining: !server.isServing, processes: [own] });
}
