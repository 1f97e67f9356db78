/** `/v1/bans`: who is kept out, agents and addresses. Agents are banned under `/v1/agents`. */
import { isIP } from 'node:net';
import type { Ban } from '../../admission/index.ts';
import { addressKey, plainAddress } from '../../limits/index.ts';
import type { AdminHost } from '../admin-host.ts';
import { operator, responses, secured, type AdminApp } from '../admin-route.ts';
import { Problem } from '../problem.ts';
import * as schemas from '../schemas.ts';

export const LIST_BANS = 'List them with `sealane-server bans`.';

/** A ban as the API shows it. */
export function banRow({ kind, name, until, since, reason }: Ban) {
  return { kind, name, until: until ?? null, since, reason };
}

export function banRoutes(app: AdminApp, { server, audit }: AdminHost): void {
  const list = { ...secured, summary: 'Bans that hold.', querystring: schemas.pageQuery };
  const response = responses({ 200: schemas.pageOf(schemas.ban) });
  app.get('/v1/bans', { config: operator, schema: { ...list, response } }, ({ query }) => {
    const { after = '', limit } = query;
    const bans = server.bans.list().filter((ban) => cursorOf(ban) > after);
    const items = bans.slice(0, limit);
    const last = items.at(-1);
    return { items: items.map(banRow), next: bans.length > limit && last !== undefined ? cursorOf(last) : null };
  });
  const ban = {
    ...secured,
    summary: 'Keep an address out, and with it the /64 of an IPv6 one.',
    params: schemas.idParams,
    body: schemas.banTerms,
    response: responses({ 200: schemas.ban }),
  };
  app.post('/v1/bans/addresses/:id', { config: operator, schema: ban }, async (request) => {
    const name = keyOf(request.params.id);
    const banned = await server.bans.ban('address', name, request.body ?? {});
    const disconnected = server.disconnect({ addressKey: name, code: 'E_BANNED' });
    audit.note('address-banned', { address: name, until: banned.until ?? null, reason: banned.reason, disconnected });
    return banRow(banned);
  });
  const lift = {
    ...secured,
    summary: 'Lift the ban of an address.',
    params: schemas.idParams,
    response: responses({ 204: schemas.nothing }),
  };
  app.delete('/v1/bans/addresses/:id', { config: operator, schema: lift }, async (request, reply) => {
    const name = keyOf(request.params.id);
    if (!(await server.bans.lift('address', name)))
      throw new Problem('E_UNKNOWN_ADDRESS', { detail: 'This address is not banned.', next: LIST_BANS });
    audit.note('ban-lifted', { address: name });
    return reply.status(204).send();
  });
}

function cursorOf({ kind, name }: Ban): string {
  return `${kind} ${name}`;
}

/** @throws Problem for what is no address. */
function keyOf(text: string): string {
  const address = plainAddress(text.replace(/::?\/64$/, '::'));
  if (isIP(address) === 0)
    throw new Problem('E_BAD_REQUEST', {
      detail: `${JSON.stringify(text)} is no IP address.`,
      next: 'Name an address, such as 203.0.113.9 or 2001:db8::1.',
    });
  return addressKey(address);
}
