/** `/v1/dlq`: events that were given up: list, show, redrive, purge. Payloads only of one at a time. */
import { toBase64, utf8Decode } from '@sealane/shared/bytes';
import { TEXT_CONTENT_TYPE } from '@sealane/shared/channel';
import { CONTENT_TYPE_MSGPACK, decodeValue, type Value } from '@sealane/shared/packets';
import type { DeadLetter } from '../../store/index.ts';
import type { AdminHost } from '../admin-host.ts';
import { operator, responses, secured, type AdminApp } from '../admin-route.ts';
import { Problem } from '../problem.ts';
import * as schemas from '../schemas.ts';

export function deadLetterRoutes(app: AdminApp, host: AdminHost): void {
  readRoutes(app, host);
  changeRoutes(app, host);
}

function readRoutes(app: AdminApp, { server, audit }: AdminHost): void {
  const list = { ...secured, summary: 'Dead letters, without their payloads.', querystring: schemas.pageQuery };
  const response = responses({ 200: schemas.pageOf(schemas.deadLetter) });
  app.get('/v1/dlq', { config: operator, schema: { ...list, response } }, async ({ query }) => {
    const { items, next } = await server.delivery.store.deadLetters({ after: query.after, limit: query.limit });
    return { items: items.map(rowOf), next: next ?? null };
  });
  const show = {
    ...secured,
    summary: 'One dead letter, with its payload.',
    params: schemas.idParams,
    response: responses({ 200: schemas.deadLetterWhole }),
  };
  app.get('/v1/dlq/:id', { config: operator, schema: show }, async ({ params }) => {
    const letter = await server.delivery.store.deadLetter(params.id);
    if (letter === undefined) throw new Problem('E_DEAD_LETTER_NOT_FOUND');
    audit.note('dead-letter-shown', { id: params.id, eventId: letter.eventId });
    const { history, body } = letter;
    return { ...rowOf(letter), history: [...history], payload: payloadOf(letter), bodyBase64: toBase64(body) };
  });
}

function changeRoutes(app: AdminApp, { server, audit }: AdminHost): void {
  const redrive = {
    ...secured,
    summary: 'Put a dead letter back at the end of its queue.',
    params: schemas.idParams,
    response: responses({ 200: schemas.redriven }),
  };
  app.post('/v1/dlq/:id/redrive', { config: operator, schema: redrive }, async ({ params }) => {
    if (!(await server.delivery.store.redrive(params.id))) throw new Problem('E_DEAD_LETTER_NOT_FOUND');
    audit.note('dead-letter-redriven', { id: params.id });
    return { redriven: true };
  });
  const purgeOne = {
    ...secured,
    summary: 'Remove a dead letter.',
    params: schemas.idParams,
    response: responses({ 200: schemas.purged }),
  };
  app.delete('/v1/dlq/:id', { config: operator, schema: purgeOne }, async ({ params }) => {
    const purged = await server.delivery.store.purgeDeadLetters([params.id]);
    if (purged === 0) throw new Problem('E_DEAD_LETTER_NOT_FOUND');
    audit.note('dead-letter-purged', { id: params.id });
    return { purged };
  });
  const purgeAll = {
    ...secured,
    summary: 'Remove all dead letters; all=true says that this is meant.',
    querystring: schemas.purgeQuery,
    response: responses({ 200: schemas.purged }),
  };
  app.delete('/v1/dlq', { config: operator, schema: purgeAll }, async () => {
    const purged = await server.delivery.store.purgeDeadLetters(undefined);
    audit.note('dead-letters-purged', { purged });
    return { purged };
  });
}

function rowOf({ body, id, eventId, subscription, from, to, reason, attempts, ...rest }: DeadLetter) {
  const { publishedAt, deadAt, contentType } = rest;
  const about = { id, eventId, subscription, from, to, reason, attempts };
  return { ...about, publishedAt, deadAt, contentType, bodyBytes: body.length };
}

/** What the body says, where it is JSON, a value or text. */
function payloadOf({ contentType, body }: DeadLetter): unknown {
  if (contentType === CONTENT_TYPE_MSGPACK) return valueOf(body);
  const text = contentType === null ? undefined : utf8Decode(body);
  if (text === undefined) return null;
  if (contentType === TEXT_CONTENT_TYPE) return text;
  if (contentType !== 'application/json') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** Null for what is none. */
function valueOf(body: Uint8Array): unknown {
  try {
    return plainOf(decodeValue(body));
  } catch {
    return null;
  }
}

/** As JSON can tell it: bytes as base64. */
function plainOf(value: Value): unknown {
  if (value instanceof Uint8Array) return toBase64(value);
  if (Array.isArray(value)) return value.map(plainOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plainOf(member)]));
}
