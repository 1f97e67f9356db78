import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TestAdmin } from './test-admin.ts';

let admin: TestAdmin;
beforeAll(async () => {
  admin = await TestAdmin.start();
});
afterAll(async () => {
  await admin.stop();
});

const ROUTES = ['events', 'agents', 'bans', 'dlq', 'usage', 'status', 'backup', 'agents/x/ban', 'dlq/x/redrive'];

/** Any character but surrogates; fast-check's own unit `binary` first makes a table of all 1.1 million. */
const unit = fc.nat({ max: 0x10_f7ff }).map((index) => String.fromCodePoint(index < 0xd800 ? index : index + 0x800));
const segment = fc.oneof(
  fc.string({ unit, maxLength: 20 }).map(encodeURIComponent),
  fc.constantFrom('%zz', '..', '%2e%2e'),
);
const path = fc.oneof(
  fc.constantFrom(...ROUTES).map((route) => `/v1/${route}`),
  fc.tuple(fc.constantFrom(...ROUTES), segment).map(([route, more]) => `/v1/${route}/${more}`),
  fc
    .tuple(fc.constantFrom(...ROUTES), fc.string({ maxLength: 20 }))
    .map(([route, query]) => `/v1/${route}?${encodeURI(query)}`),
  fc
    .tuple(fc.constantFrom('limit', 'after', 'from', 'to', 'period', 'agent', 'all'), fc.string({ maxLength: 20 }))
    .map(([name, value]) => `/v1/usage?${name}=${encodeURIComponent(value)}`),
);
const event = fc.record(
  {
    to: fc.oneof(fc.string(), fc.constantFrom('topic:a', 'agent:a', 'topic:*', 'agent:')),
    payload: fc.jsonValue(),
    id: fc.oneof(fc.string({ unit }), fc.integer()),
    ttlMs: fc.oneof(fc.double(), fc.integer(), fc.string()),
    delayMs: fc.oneof(fc.double(), fc.integer(), fc.constant(null)),
  },
  { requiredKeys: [] },
);
const body = fc.oneof(
  event.map((value) => JSON.stringify(value)),
  fc.json(),
  fc.string({ unit }),
  fc.constant(undefined),
);

/** Two ends that the routes have on purpose: neither belongs into a run of random requests. */
const isEnd = (method: string, at: string): boolean => method === 'POST' && /^\/v1\/(drain|backup)/.test(at);

describe('random requests to the admin port', () => {
  it('G6: are never answered with 500, and every error is a problem', async () => {
    const type = fc.constantFrom(
      'application/json',
      'APPLICATION/JSON; charset=utf-8',
      'text/plain',
      'application/json;a',
    );
    const method = fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'OPTIONS');
    await fc.assert(
      fc.asyncProperty(method, path, body, type, async (asked, at, raw, contentType) => {
        fc.pre(!isEnd(asked, at));
        const headers = raw === undefined ? {} : { 'content-type': contentType };
        const answer = await admin.ask(at, { method: asked, headers, ...(raw !== undefined && { raw }) });
        expect([500, 502]).not.toContain(answer.status);
        if (answer.status >= 400) expect(answer.headers['content-type']).toBe('application/problem+json');
      }),
      { numRuns: 1_000 },
    );
    expect(admin.log).not.toContain('a request failed');
  }, 120_000);
});
