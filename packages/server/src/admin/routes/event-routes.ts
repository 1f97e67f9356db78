/** `/v1/events`: publishes in the name of the server, and lists what waits. */
import { EVENT_BODY_BYTES_MAX } from '@sealane/shared/packets';
import { utf8Encode } from '@sealane/shared/bytes';
import type { AdminHost } from '../admin-host.ts';
import type { Page, Store } from '../../store/index.ts';
import { operator, responses, secured, type AdminApp } from '../admin-route.ts';
import { Problem } from '../problem.ts';
import * as schemas from '../schemas.ts';
import { groupRows, queueRows, type QueueRow } from './queue-rows.ts';

const JSON_CONTENT = 'application/json';
/** Begins what asks for pages of groups; the id of no agent has a blank. */
const OF_GROUPS = 'groups ';

export function eventRoutes(app: AdminApp, host: AdminHost): void {
  const { server } = host;
  app.post(
    '/v1/events',
    {
      config: operator,
      schema: {
        ...secured,
        summary: 'Publish an event.',
        body: schemas.newEvent,
        response: responses({ 200: schemas.receipt, 201: schemas.receipt }),
      },
    },
    async (request, reply) => {
      const { to, payload, id, ttlMs, delayMs } = request.body;
      const body = encodePayload(payload);
      const event = { to, body, contentType: JSON_CONTENT, id, ttlMs, delayMs };
      const result = await server.delivery.publish(event);
      if (result.status === 'refused') {
        const { code, retryAfterMs } = result;
        throw new Problem(code, { retryAfterMs });
      }
      const { id: eventId, sequence, durability, status } = result;
      return reply.status(status === 'stored' ? 201 : 200).send({ id: eventId, sequence, durability });
    },
  );
  app.get(
    '/v1/events',
    {
      config: operator,
      schema: {
        ...secured,
        summary: 'Queues in which events wait: those of agents, a page of agents at a time, then those of groups.',
        querystring: schemas.pageQuery,
        response: responses({ 200: schemas.pageOf(schemas.queue) }),
      },
    },
    async ({ query }) => {
      const { items, next } = await queuesPage(host, query);
      return { items: items.filter(({ waiting }) => waiting > 0), next: next ?? null };
    },
  );
}

/** Queues of a page of agents; with and after the last agent those of groups. */
async function queuesPage(
  { server }: AdminHost,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<Page<QueueRow>> {
  const { store } = server.delivery;
  if (after?.startsWith(OF_GROUPS) === true) return await groupsPage(store, after.slice(OF_GROUPS.length), limit);
  const { items: agents, next } = await server.directory.list({ after, limit });
  const rows = (await Promise.all(agents.map(({ agentId }) => queueRows(store, agentId)))).flat();
  if (next !== undefined) return { items: rows, next };
  const groups = await groupsPage(store, undefined, limit);
  return { items: [...rows, ...groups.items], next: groups.next };
}

async function groupsPage(store: Store, after: string | undefined, limit: number): Promise<Page<QueueRow>> {
  const { items, next } = await groupRows(store, { after, limit });
  return { items, next: next === undefined ? undefined : OF_GROUPS + next };
}

/** @throws Problem for what is missing, too deep or too large. */
function encodePayload(payload: unknown): Uint8Array {
  if (payload === undefined) throw new Problem('E_BAD_REQUEST', { detail: 'payload: missing' });
  let text: string;
  try {
    text = JSON.stringify(payload);
  } catch {
    throw new Problem('E_BAD_REQUEST', { detail: 'payload: nested too deeply' });
  }
  const body = utf8Encode(text);
  if (body.length <= EVENT_BODY_BYTES_MAX) return body;
  throw new Problem('E_EVENT_TOO_LARGE', { detail: `The payload has more than ${EVENT_BODY_BYTES_MAX} bytes.` });
}
