/** `/v1/agents`: who is enrolled and connected; kick, ban, revoke, forget (row H10). */
import { AGENT_NAME_RULE, isAgentName } from '@sealane/shared/documents';
import type { AdminHost } from '../admin-host.ts';
import { operator, responses, secured, type AdminApp } from '../admin-route.ts';
import type { EnrolledAgent } from '../../admission/index.ts';
import type { AgentPeer } from '../../handlers/index.ts';
import { Problem } from '../problem.ts';
import { shownInstances } from '../connected-instances.ts';
import * as schemas from '../schemas.ts';
import { LIST_BANS, banRow } from './ban-routes.ts';
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
      online: peers.length > 0 || record.node !== undefined || (record.instances?.length ?? 0) > 0,
      banned,
      instances: [...shownInstances(record, peers)],
      enrolledBy: enrolled?.by ?? null,
      enrolledAt: enrolled === undefined ? null : enrolled.at * 1_000,
      lastSeenAt: record.lastSeenAt ?? null,
      node: record.node ?? record.instances?.[0]?.node ?? null,
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
      const disconnected = await server.endSessions({ agentId: id, instance: request.body?.instance });
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
    const disconnected = await server.endSessions({ agentId: id, code: 'E_UNKNOWN_AGENT' });
    audit.note('agent-revoked', { agent: id, disconnected });
    return { disconnected };
  });
  const forget = { ...secured, summary: 'Forget an agent: key, queues, usage.', params, response };
  app.delete('/v1/agents/:id', { config: operator, schema: forget }, async (request) => {
    const { id } = request.params;
    await standingOf(server, id);
    await server.directory.forget(id);
    const disconnected = await server.endSessions({ agentId: id, code: 'E_UNKNOWN_AGENT' });
    await server.delivery.store.forgetAgent(id);
    server.delivery.agentQueues.reopen(id);
    audit.note('agent-forgotten', { agent: id, disconnected });
    await server.messaging?.onQueuesDeleted(id);
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
    if (!isAgentName(id))
      throw new Problem('E_BAD_REQUEST', {
        detail: `${JSON.stringify(id)} cannot be the id of an agent.`,
        next: `An id has ${AGENT_NAME_RULE}.`,
      });
    const banned = await server.bans.ban('agent', id, request.body ?? {});
    const disconnected = await server.endSessions({ agentId: id, code: 'E_BANNED' });
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
    if (!wasKnown && !isBanned)
      throw new Problem('E_UNKNOWN_ADDRESS', { detail: 'This agent is not banned.', next: LIST_BANS });
    audit.note('ban-lifted', { agent: id });
    return reply.status(204).send();
  });
}

/** @throws Problem where nobody of this id is enrolled or connected. */
async function standingOf(server: AdminHost['server'], id: string) {
  const standing = await server.directory.standing(id);
  if (standing.agent === undefined && !server.agents().some(({ agentId }) => agentId === id)) throw unknown();
  return standing;
}

function unknown(): Problem {
  const next = 'List them with `sealane-server agents`.';
  return new Problem('E_UNKNOWN_ADDRESS', { detail: 'No agent of this id is enrolled.', next });
}
