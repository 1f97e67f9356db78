/** `/v1/agents`: who is enrolled and connected; kick, ban, revoke, forget (row H10). */
import { isAgentName } from '@sealane/shared/documents';
import type { ErrorCode } from '@sealane/shared/errors';
import { suiteName } from '@sealane/shared/wire';
import type { AdminHost } from '../admin-host.ts';
import { operator, responses, secured, type AdminApp } from '../admin-route.ts';
import type { EnrolledAgent } from '../../admission/index.ts';
import type { AgentPeer } from '../../handlers/index.ts';
import { MAIN_INSTANCE } from '../../server/index.ts';
import { Problem } from '../problem.ts';
import * as schemas from '../schemas.ts';
import { banRow } from './ban-routes.ts';
import { queueRows } from './queue-rows.ts';

export function agentRoutes(app: AdminApp, host: AdminHost): void {
  listAgents(app, host);
  endSessions(app, host);
  banAgents(app, host);
}

function listAgents(app: AdminApp, { server }: AdminHost): void {
  const shown = async (
    agentId: string,
    enrolled: EnrolledAgent | undefined,
    banned: boolean,
    peers: readonly AgentPeer[],
  ) => {
    const { store } = server.delivery;
    const [record, queues] = await Promise.all([store.agentRecord(agentId), queueRows(store, agentId)]);
    return {
      id: agentId,
      online: peers.length > 0 || record.node !== undefined,
      banned,
      instances: peers.map(({ instance, address, connectedAt, suite, build }) => {
        return { instance, address, connectedAt, suite: suiteName(suite), build };
      }),
      enrolledBy: enrolled?.by ?? null,
      enrolledAt: enrolled === undefined ? null : enrolled.at * 1_000,
      lastSeenAt: record.lastSeenAt ?? null,
      node: record.node ?? null,
      waiting: queues.reduce((sum, { waiting }) => sum + waiting, 0),
    };
  };
  const schema = { ...secured, summary: 'Enrolled agents, by id.', querystring: schemas.pageQuery };
  const response = responses({ 200: schemas.pageOf(schemas.agent) });
  app.get('/v1/agents', { config: operator, schema: { ...schema, response } }, async ({ query }) => {
    const { items, next } = await server.directory.list({ after: query.after, limit: query.limit });
    const peers = Map.groupBy(server.agents(), ({ agentId }) => agentId);
    const rows = items.map((agent) => shown(agent.agentId, agent, agent.isBanned, peers.get(agent.agentId) ?? []));
    return { items: await Promise.all(rows), next: next ?? null };
  });
  const ofOne = { ...secured, summary: 'One agent.', params: schemas.idParams };
  const found = responses({ 200: schemas.agent });
  app.get('/v1/agents/:id', { config: operator, schema: { ...ofOne, response: found } }, async ({ params }) => {
    const { agent, isBanned } = await standingOf(server, params.id);
    const peers = server.agents().filter(({ agentId }) => agentId === params.id);
    return await shown(params.id, agent, isBanned, peers);
  });
}

function endSessions(app: AdminApp, host: AdminHost): void {
  const { server, audit } = host;
  const params = schemas.idParams;
  const response = responses({ 200: schemas.disconnected });
  const kick = { ...secured, summary: 'End the sessions of an agent; it may come back.', params, response };
  app.post(
    '/v1/agents/:id/kick',
    { config: operator, schema: { ...kick, body: schemas.kickBody } },
    async (request) => {
      const { id } = request.params;
      await standingOf(server, id);
      const disconnected = server.disconnect({ agentId: id, instance: request.body?.instance });
      audit.note('agent-kicked', { agent: id, disconnected });
      return { disconnected };
    },
  );
  const revoke = {
    ...secured,
    summary: 'Forget the key of an agent: it has to enrol anew. Events stay.',
    params,
    response,
  };
  app.post('/v1/agents/:id/revoke', { config: operator, schema: revoke }, async (request) => {
    const { id } = request.params;
    if (!(await server.directory.forget(id))) throw unknown();
    const disconnected = await endSessionsOf(host, id, 'E_UNKNOWN_AGENT');
    audit.note('agent-revoked', { agent: id, disconnected });
    return { disconnected };
  });
  const forget = { ...secured, summary: 'Forget an agent: key, queues, usage.', params, response };
  app.delete('/v1/agents/:id', { config: operator, schema: forget }, async (request) => {
    const { id } = request.params;
    await standingOf(server, id);
    await server.directory.forget(id);
    const disconnected = await endSessionsOf(host, id, 'E_UNKNOWN_AGENT');
    await server.delivery.store.forgetAgent(id);
    server.delivery.agentQueues.reopen(id);
    audit.note('agent-forgotten', { agent: id, disconnected });
    return { disconnected };
  });
}

function banAgents(app: AdminApp, host: AdminHost): void {
  const { server, audit } = host;
  const params = schemas.idParams;
  const ban = {
    ...secured,
    summary: 'Keep an agent out, known or not, for some seconds or until it is lifted.',
    params,
    body: schemas.banTerms,
    response: responses({ 200: schemas.ban }),
  };
  app.post('/v1/agents/:id/ban', { config: operator, schema: ban }, async (request) => {
    const { id } = request.params;
    if (!isAgentName(id)) throw new Problem('E_BAD_REQUEST', { detail: 'id: not the id of an agent' });
    const banned = await server.bans.ban('agent', id, request.body ?? {});
    const disconnected = await endSessionsOf(host, id, 'E_BANNED');
    audit.note('agent-banned', { agent: id, until: banned.until ?? null, reason: banned.reason, disconnected });
    return banRow(banned);
  });
  const lift = {
    ...secured,
    summary: 'Lift the ban of an agent.',
    params,
    response: responses({ 204: schemas.nothing }),
  };
  app.delete('/v1/agents/:id/ban', { config: operator, schema: lift }, async (request, reply) => {
    const { id } = request.params;
    const { isBanned } = await server.directory.standing(id);
    const wasKnown = await server.bans.lift('agent', id);
    if (!wasKnown && !isBanned) throw new Problem('E_UNKNOWN_ADDRESS', { detail: 'No ban of this agent is known.' });
    audit.note('ban-lifted', { agent: id });
    return reply.status(204).send();
  });
}

/**
 * Ends the sessions of an agent that may not be here any more. Another node that serves its instance `main` lets go when its
 * lease is taken away. @returns how many ended on this node.
 */
async function endSessionsOf({ server, wallClock }: AdminHost, agentId: string, code: ErrorCode): Promise<number> {
  const disconnected = server.disconnect({ agentId, code });
  const { store } = server.delivery;
  if (disconnected > 0 || store.kind !== 'redis' || (await store.agentRecord(agentId)).node === undefined)
    return disconnected;
  const lease = await store.claimAgent(agentId, MAIN_INSTANCE);
  store.releaseAgent(agentId, MAIN_INSTANCE, lease, wallClock());
  return disconnected;
}

/** @throws Problem where nobody of this id is enrolled or connected. */
async function standingOf(server: AdminHost['server'], id: string) {
  const standing = await server.directory.standing(id);
  if (standing.agent === undefined && !server.agents().some(({ agentId }) => agentId === id)) throw unknown();
  return standing;
}

function unknown(): Problem {
  return new Problem('E_UNKNOWN_ADDRESS', { detail: 'No agent of this id is enrolled.' });
}
