import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { messagesTopic } from '@sealane/shared/items';
import { EVENT_BODY_BYTES_MAX } from '@sealane/shared/packets';
import { AccountPapers, newKeys, openPeer, register } from '../messaging/messaging-peer.ts';
import { TestAgent, outcome } from '../test-agent.ts';
import { eventually } from '../test-server.ts';
import { TestAdmin } from './test-admin.ts';

// The first request loads the HTTP framework.
jest.setTimeout(60_000);

let admin: TestAdmin;
/** Whether it is one for all tests of a group. */
let isShared = false;
beforeEach(async () => {
  if (!isShared) admin = await TestAdmin.start();
});
afterEach(async () => {
  if (!isShared) await admin.stop();
});

type Document = { readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>> };

const OPEN = ['/livez', '/readyz', '/metrics'];

async function agent(agentId: string): Promise<TestAgent> {
  return await TestAgent.open({ port: admin.server.port, agentId });
}

describe('access to the admin port', () => {
  it('A8: every route of the table refuses no token and wrong ones, and takes the right one', async () => {
    const { paths } = (await admin.ask('/v1/openapi.json')).json as unknown as Document;
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ path: path.replace('{id}', 'nobody'), method: method.toUpperCase() })),
    );
    expect(routes.length).toBeGreaterThan(20);
    const seen: string[] = [];
    for (const { path, method } of routes) {
      const isOpen = OPEN.includes(path);
      for (const token of [undefined, 'wrong', `${admin.admin.token}x`, admin.admin.token.slice(1)]) {
        const { status } = await admin.ask(path, { method, token });
        if (isOpen ? status !== 200 : ![401, 429].includes(status)) seen.push(`${method} ${path}: ${status}`);
      }
      if (path === '/v1/drain') continue;
      const { status } = await admin.ask(path, { method });
      if ([401, 403, 405, 429, 500].includes(status)) seen.push(`${method} ${path} with the token: ${status}`);
    }
    expect(seen).toEqual([]);
  });

  it('A8: what is unknown under /v1 needs the token too', async () => {
    expect((await admin.ask('/v1/nothing', { token: undefined })).status).toBe(401);
    expect((await admin.ask('/v1/nothing')).status).toBe(404);
    expect((await admin.ask('/v1', { token: undefined })).status).toBe(401);
    expect((await admin.ask('/nothing', { token: undefined })).status).toBe(404);
  });

  it('A13, 2.0.19: the token is made for its owner alone, and refused ones are limited and audited', async () => {
    expect(statSync(join(admin.server.directory, 'admin-token')).mode & 0o777).toBe(0o600);
    const statuses = [];
    for (let turn = 0; turn < 12; turn++) statuses.push((await admin.ask('/v1/status', { token: 'wrong' })).status);
    expect(statuses).toEqual([...new Array<number>(10).fill(401), 429, 429]);
    expect((await admin.ask('/v1/status')).status).toBe(200);
    const refused = (await admin.audited()).filter(({ action }) => action === 'admin-token-refused');
    expect(refused).toHaveLength(10);
  });

  it.each([
    [{ host: 'evil.example' }, 403],
    [{ host: '127.0.0.1.evil.example' }, 403],
    [{ origin: 'http://127.0.0.1:1338' }, 403],
    [{ host: 'localhost:1338' }, 200],
  ])('G4: host and origin %j: %i', async (headers, status) => {
    for (const path of ['/v1/status', '/livez', '/readyz', '/metrics'])
      expect((await admin.ask(path, { headers })).status).toBe(status);
  });
});

describe('requests to the admin port', () => {
  const json = { 'content-type': 'application/json' };
  // They are refused, and change nothing.
  beforeAll(async () => {
    admin = await TestAdmin.start();
    isShared = true;
  });
  afterAll(async () => {
    isShared = false;
    await admin.stop();
  });

  it.each([
    ['cut JSON', 'POST', '/v1/events', { raw: '{"to":', headers: json }, 400],
    ['__proto__', 'POST', '/v1/events', { raw: '{"to":"topic:a","payload":1,"__proto__":{}}', headers: json }, 400],
    ['text', 'POST', '/v1/events', { raw: 'to=topic:a', headers: { 'content-type': 'text/plain' } }, 415],
    [
      'a form',
      'POST',
      '/v1/events',
      { raw: '{}', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
    ],
    ['a list', 'POST', '/v1/events', { raw: '[]', headers: json }, 400],
    ['no payload', 'POST', '/v1/events', { body: { to: 'topic:a' } }, 400],
    ['an unknown member', 'POST', '/v1/events', { body: { to: 'topic:a', payload: 1, more: 1 } }, 400],
    ['a bad topic', 'POST', '/v1/events', { body: { to: 'topic:a..b', payload: 1 } }, 400],
    ['a negative time', 'POST', '/v1/events', { body: { to: 'topic:a', payload: 1, ttlMs: -1 } }, 400],
    ['an id that is too long', 'POST', '/v1/events', { body: { to: 'topic:a', payload: 1, id: 'é'.repeat(100) } }, 400],
    ['an unknown agent', 'POST', '/v1/events', { body: { to: 'agent:nobody', payload: 1 } }, 404],
    [
      'a payload that is too large',
      'POST',
      '/v1/events',
      { body: { to: 'topic:a', payload: 'x'.repeat(EVENT_BODY_BYTES_MAX) } },
      413,
    ],
    ['a body that is too large', 'POST', '/v1/events', { raw: `"${'x'.repeat(5_300_000)}"`, headers: json }, 413],
    [
      'a payload nested deeply',
      'POST',
      '/v1/events',
      { raw: `{"to":"topic:a","payload":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, headers: json },
      400,
    ],
    ['another method', 'PUT', '/v1/events', { body: {} }, 405],
    ['another method of an open route', 'DELETE', '/metrics', {}, 405],
    ['a limit of 0', 'GET', '/v1/agents?limit=0', {}, 400],
    ['a limit that is too large', 'GET', '/v1/agents?limit=9999999999', {}, 400],
    ['an unknown parameter', 'GET', '/v1/agents?foo=1', {}, 400],
    ['NUL in an id', 'GET', '/v1/agents/%00', {}, 404],
    ['a broken escape', 'GET', '/v1/agents/%zz', {}, 400],
    ['a purge without all=true', 'DELETE', '/v1/dlq', {}, 400],
    ['a relative path', 'POST', '/v1/backup', { body: { path: 'relative' } }, 400],
  ])('G7: %s: %s %s', async (_what, method, path, asked, status) => {
    const answer = await admin.ask(path, { method, ...asked });
    expect({ status: answer.status, type: answer.headers['content-type'] }).toEqual({
      status,
      type: 'application/problem+json',
    });
    expect(answer.json).toMatchObject({ status, type: expect.stringMatching(/^urn:sealane:error:E_/) });
    expect(answer.json['code']).toMatch(/^E_/);
    expect(answer.text).not.toMatch(/\.ts:|node_modules|\n +at /);
  });
});

describe('POST /v1/events', () => {
  it('publishes, absorbs repetitions, and refuses other content of the same id', async () => {
    const listener = await agent('listener');
    const event = { to: 'agent:listener', payload: { a: [1, 'two', null] }, id: 'once' };
    const first = await admin.ask('/v1/events', { method: 'POST', body: event });
    expect(first).toMatchObject({ status: 201, json: { id: 'once', durability: 'relaxed' } });
    expect(first.json['sequence']).toBeGreaterThan(0);
    const again = await admin.ask('/v1/events', { method: 'POST', body: event });
    expect(again).toMatchObject({ status: 200, json: first.json });
    const other = await admin.ask('/v1/events', { method: 'POST', body: { ...event, payload: 2 } });
    expect(other).toMatchObject({ status: 409, json: { code: 'E_EVENT_CONFLICT' } });
    await listener.close();
  });

  it('503 with Retry-After where the queue is full', async () => {
    await admin.stop();
    admin = await TestAdmin.start({ queueLimits: { eventsMax: 1 } });
    await (await agent('busy')).close();
    const event = { to: 'agent:busy', payload: 'x' };
    expect((await admin.ask('/v1/events', { method: 'POST', body: event })).status).toBe(201);
    const full = await admin.ask('/v1/events', { method: 'POST', body: event });
    expect(full).toMatchObject({ status: 503, json: { code: 'E_QUEUE_FULL' } });
    expect(Number(full.headers['retry-after'])).toBeGreaterThan(0);
    const waiting = await admin.ask('/v1/events');
    expect(waiting.json).toMatchObject({ items: [{ queue: 'agent:busy', waiting: 1 }], next: null });
  });
});

describe('GET /v1/events', () => {
  it('lists what waits for agents, and for groups after the last agent, in pages', async () => {
    const { store } = admin.server.library.delivery;
    for (const id of ['a', 'b']) await (await agent(id)).close();
    for (const group of ['red', 'blue', 'green']) await store.openQueue({ kind: 'group', group, pattern: 'work.>' });
    await store.openQueue({ kind: 'group', group: 'idle', pattern: 'nothing' });
    for (const to of ['agent:a', 'agent:b', 'topic:work.x'])
      expect((await admin.ask('/v1/events', { method: 'POST', body: { to, payload: 1 } })).status).toBe(201);
    const groups = ['blue', 'green', 'red'].map((group) => `group ${group} work.>`);
    const all = await admin.ask('/v1/events');
    const rows = all.json['items'] as readonly { readonly queue: string; readonly agent: string | null }[];
    expect(rows.map(({ queue }) => queue)).toEqual(['agent:a', 'agent:b', ...groups]);
    expect(rows.map((row) => row.agent)).toEqual(['a', 'b', null, null, null]);
    expect(all.json['next']).toBeNull();
    const seen: string[] = [];
    let after = '';
    for (let page = 0; page < 10; page++) {
      const { json } = await admin.ask(`/v1/events?limit=1${after}`);
      seen.push(...(json['items'] as readonly { readonly queue: string }[]).map(({ queue }) => queue));
      if (json['next'] === null) break;
      after = `&after=${encodeURIComponent(json['next'] as string)}`;
    }
    expect(seen).toEqual(rows.map(({ queue }) => queue));
    expect((await admin.ask('/v1/events?after=groups%20nonsense')).status).toBe(200);
  });
});

describe('agents of the admin API', () => {
  it('H10: lists in pages, shows, kicks, revokes and forgets, and audits it', async () => {
    const agents = await Promise.all(['a', 'b', 'c'].map((id) => agent(id)));
    const first = await admin.ask('/v1/agents?limit=2');
    expect(first.json).toMatchObject({ items: [{ id: 'a', online: true }, { id: 'b' }], next: 'b' });
    const rest = await admin.ask('/v1/agents?limit=2&after=b');
    expect(rest.json).toMatchObject({ items: [{ id: 'c', instances: [{ instance: 'main', address: '127.0.0.1' }] }] });
    expect(rest.json['next']).toBeNull();
    expect((await admin.ask('/v1/agents/nobody')).status).toBe(404);
    expect((await admin.ask('/v1/agents/a/kick', { method: 'POST' })).json).toEqual({ disconnected: 1 });
    await eventually('a is gone', () => admin.server.library.agents().length === 2);
    expect((await admin.ask('/v1/agents/b/revoke', { method: 'POST' })).json).toEqual({ disconnected: 1 });
    expect((await admin.ask('/v1/agents/b')).status).toBe(404);
    expect((await admin.ask('/v1/agents/c', { method: 'DELETE' })).json).toEqual({ disconnected: 1 });
    const actions = (await admin.audited()).map(({ action }) => action);
    expect(actions).toEqual(
      expect.arrayContaining(['agent-enrolled', 'agent-kicked', 'agent-revoked', 'agent-forgotten']),
    );
    await Promise.all(agents.map((each) => each.close()));
  });

  it('H10, R1: an agent that is forgotten and is a device of an account has a queue for its messages as before', async () => {
    const keys = newKeys();
    const peer = await openPeer(admin.server.port, 'phone', keys);
    await register(peer, new AccountPapers('alice', 'phone', keys));
    const queues = async () => (await admin.server.library.delivery.store.queuesOf('phone')).map(({ spec }) => spec);
    const messages = { kind: 'subscription', agentId: 'phone', pattern: messagesTopic('phone') };
    expect(await queues()).toContainEqual(messages);
    expect((await admin.ask('/v1/agents/phone', { method: 'DELETE' })).status).toBe(200);
    expect(await queues()).toEqual([messages]);
    peer.socket.destroy();
  });

  it('G4: a ban keeps an agent out until it ends, and another agent of the same address gets in', async () => {
    await (await agent('bad')).close();
    const terms = { seconds: 3, reason: 'too loud' };
    const banned = await admin.ask('/v1/agents/bad/ban', { method: 'POST', body: terms });
    expect(banned).toMatchObject({ status: 200, json: { kind: 'agent', name: 'bad', reason: 'too loud' } });
    expect((await admin.ask('/v1/bans')).json).toMatchObject({ items: [{ name: 'bad' }] });
    expect(await outcome({ port: admin.server.port, agentId: 'bad' })).toBe('E_BANNED');
    await (await agent('good')).close();
    await eventually('the ban is lifted', () => admin.server.library.bans.list().length === 0);
    // The timer of the end goes by another clock than the end itself, which may be some milliseconds ahead.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await outcome({ port: admin.server.port, agentId: 'bad' })).not.toBe('E_BANNED');
  });

  it('an address is banned and let in again', async () => {
    expect((await admin.ask('/v1/bans/addresses/nonsense', { method: 'POST' })).status).toBe(400);
    expect((await admin.ask('/v1/bans/addresses/127.0.0.1', { method: 'POST', body: {} })).status).toBe(200);
    const refused = await outcome({ port: admin.server.port, agentId: 'any' });
    expect(refused).not.toBe('open');
    expect(admin.server.library.counters().refused).toEqual({ banned: 1 });
    expect((await admin.ask('/v1/bans/addresses/127.0.0.1', { method: 'DELETE' })).status).toBe(204);
    await (await agent('any')).close();
  });
});

describe('the rest of the admin API', () => {
  it('H1: live, ready with reasons, status', async () => {
    expect((await admin.ask('/livez', { token: undefined })).json).toEqual({ status: 'ok', reasons: [] });
    expect((await admin.ask('/readyz', { token: undefined })).json).toEqual({ status: 'ok', reasons: [] });
    expect((await admin.ask('/v1/status')).json).toMatchObject({ draining: false, store: { kind: 'memory' } });
    await admin.server.library.drain();
    expect((await admin.ask('/livez')).status).toBe(200);
    const ready = await admin.ask('/readyz');
    expect(ready).toMatchObject({ status: 503, json: { status: 'unavailable', reasons: ['draining'] } });
    expect(await admin.ask('/v1/status')).toMatchObject({ status: 503, json: { code: 'E_DRAINING' } });
  });

  it('dead letters that are not there, usage by hour and day, a drain', async () => {
    expect((await admin.ask('/v1/dlq')).json).toEqual({ items: [], next: null });
    expect(await admin.ask('/v1/dlq/x/redrive', { method: 'POST' })).toMatchObject({
      status: 404,
      json: { code: 'E_DEAD_LETTER_NOT_FOUND' },
    });
    expect((await admin.ask('/v1/dlq?all=true', { method: 'DELETE' })).json).toEqual({ purged: 0 });
    await (await agent('worker')).close();
    await eventually('it is gone', () => admin.server.library.agents().length === 0);
    for (const period of ['hour', 'day'])
      expect((await admin.ask(`/v1/usage?period=${period}`)).json).toMatchObject({
        items: [{ agent: 'worker', connections: 1 }],
      });
    expect((await admin.ask('/v1/drain', { method: 'POST' })).status).toBe(202);
    await eventually('it drains', () => admin.drains === 1);
  });
});

describe('dead letters of the admin API', () => {
  /** Publishes an event to an agent and gives it up. */
  async function deadLetter(payload: unknown): Promise<void> {
    await (await agent('worker')).close();
    await admin.ask('/v1/events', { method: 'POST', body: { to: 'agent:worker', payload } });
    const { store } = admin.server.library.delivery;
    const { queueId, settledTo } = await store.openQueue({ kind: 'agent', agentId: 'worker' });
    const lease = await store.claimAgent('worker', 'main');
    const [item] = await store.read(queueId, { after: settledTo, limit: 1, bytesMax: 1_000_000 }, lease);
    const sequence = item?.kind === 'event' ? item.sequence : 0;
    await store.settle(queueId, [{ kind: 'dead', sequence, reason: 'nack: cannot', at: Date.now() }], lease);
  }

  it('are listed without payloads, shown with them, redriven and purged', async () => {
    await deadLetter({ secret: 'in the list?' });
    const list = await admin.ask('/v1/dlq');
    expect(list.json).toMatchObject({ items: [{ subscription: 'agent:worker', reason: 'nack: cannot' }], next: null });
    expect(list.text).not.toContain('in the list?');
    const [{ id } = { id: '' }] = list.json['items'] as readonly { readonly id: string }[];
    expect((await admin.ask(`/v1/dlq/${id}`)).json).toMatchObject({ id, payload: { secret: 'in the list?' } });
    expect((await admin.ask(`/v1/dlq/${id}/redrive`, { method: 'POST' })).json).toEqual({ redriven: true });
    expect((await admin.ask('/v1/dlq')).json).toEqual({ items: [], next: null });
    expect((await admin.ask('/v1/events')).json).toMatchObject({ items: [{ queue: 'agent:worker', waiting: 1 }] });
    expect((await admin.audited()).map(({ action }) => action)).toEqual(
      expect.arrayContaining(['dead-letter-shown', 'dead-letter-redriven']),
    );
  });

  it('show the values that agents publish; bytes in them as base64', async () => {
    const { delivery } = admin.server.library;
    await (await agent('worker')).close();
    const value = { job: 7, bytes: new Uint8Array([1, 2, 255]), list: [null, { deep: 'é' }] };
    await admin.server.library.publish('agent:worker', value);
    const { queueId } = await delivery.store.openQueue({ kind: 'agent', agentId: 'worker' });
    const lease = await delivery.store.claimAgent('worker', 'main');
    await delivery.store.read(queueId, { after: 0, limit: 1, bytesMax: 1_000_000 }, lease);
    await delivery.store.settle(queueId, [{ kind: 'dead', sequence: 1, reason: 'no', at: Date.now() }], lease);
    const { items } = (await admin.ask('/v1/dlq')).json as unknown as { readonly items: readonly { id: string }[] };
    const shown = await admin.ask(`/v1/dlq/${items[0]?.id ?? ''}`);
    expect(shown.json).toMatchObject({ payload: { job: 7, bytes: 'AQL/', list: [null, { deep: 'é' }] } });
  });

  it('one is purged by its id', async () => {
    await deadLetter('gone');
    const { items } = (await admin.ask('/v1/dlq')).json as unknown as { readonly items: readonly { id: string }[] };
    const id = items[0]?.id ?? '';
    expect((await admin.ask(`/v1/dlq/${id}`, { method: 'DELETE' })).json).toEqual({ purged: 1 });
    expect((await admin.ask(`/v1/dlq/${id}`, { method: 'DELETE' })).status).toBe(404);
  });
});
