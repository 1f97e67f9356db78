/** The directory of agents on Redis, under the same admission as the file's. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { IdentityKeys, portableCrypto } from '@sealane/shared/crypto';
import { parseEnrolmentToken } from '@sealane/shared/documents';
import { seededRandom } from '@sealane/shared/testing';
import { Admission, issueEnrolmentToken } from '../../src/admission/index.ts';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { openStore, type Opened } from './store-host.ts';

const random = seededRandom(11);
const identity = new IdentityKeys(portableCrypto, random(32));
const [keyA, keyB] = [random(32), random(32)];
const NOW_SECONDS = Math.floor(Date.now() / 1_000);

function token(options: { readonly agentId?: string; readonly replace?: boolean } = {}): Uint8Array {
  const request = { replace: false, expiresInSeconds: 600, ...options };
  return parseEnrolmentToken(issueEnrolmentToken(identity, request, { random, nowSeconds: NOW_SECONDS }).text)!.bytes;
}

describeWithRedis('the directory of agents on Redis', () => {
  let server: RedisServer;
  let nodes: readonly [Opened, Opened];

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await server.command('FLUSHALL');
    nodes = [await openStore({ url: server.url }), await openStore({ url: server.url })];
  });
  afterEach(() => Promise.all(nodes.map(({ store }) => store.close())));

  async function ask(node: 0 | 1, fields: Partial<Parameters<Admission['decide']>[0]> = {}): Promise<string> {
    const admission = new Admission({
      policy: 'open',
      registry: nodes[node].store.agents,
      crypto: portableCrypto,
      tokenKeys: () => [identity.signingPublicKey],
      agentsMax: 4,
      nowSeconds: () => NOW_SECONDS,
    });
    const asked = { agentId: 'ada', instance: 'main', agentKey: keyA, enrolmentToken: null, isLoopback: false };
    const verdict = await admission.decide({ ...asked, ...fields });
    return verdict.admitted ? (verdict.enrolledBy ?? 'known') : verdict.code;
  }

  it('B5: who enrols on one node is known on the other', async () => {
    expect(await ask(0)).toBe('open');
    expect(await ask(1)).toBe('known');
    expect(await ask(1, { agentKey: keyB })).toBe('E_ID_TAKEN');
  });

  it('two nodes at once for one id: one wins, on both', async () => {
    for (let round = 0; round < 20; round++) {
      const agentId = 'race';
      const both = await Promise.all([ask(0, { agentId }), ask(1, { agentId, agentKey: keyB })]);
      expect([...both].sort()).toEqual(['E_ID_TAKEN', 'open']);
      const winner = both[0] === 'open' ? keyA : keyB;
      expect(await ask(1, { agentId, agentKey: winner })).toBe('known');
      expect(await nodes[1].store.agents.forget(agentId)).toBe(true);
    }
  });

  it('a token works once, whatever the node; two at once with one token: one gets in', async () => {
    const once = token();
    const both = await Promise.all([
      ask(0, { agentId: 'a', enrolmentToken: once }),
      ask(1, { agentId: 'b', agentKey: keyB, enrolmentToken: once }),
    ]);
    expect([...both].sort()).toEqual(['E_TOKEN_USED', 'token']);
    expect(await ask(1, { agentId: 'c', enrolmentToken: once })).toBe('E_TOKEN_USED');
    const keptMs = Number(/:(\d+)/.exec(await server.command('PTTL', await redeemedKey()))?.[1]);
    expect(keptMs).toBeGreaterThan(29 * 86_400_000);
  });

  async function redeemedKey(): Promise<string> {
    return /sealane:redeemed:\w+/.exec(await server.command('KEYS', 'sealane:redeemed:*'))?.[0] ?? '';
  }

  it('a token with --replace gives the id to another key, and no more than the limit get in', async () => {
    await ask(0);
    expect(await ask(1, { agentKey: keyB, enrolmentToken: token({ agentId: 'ada' }) })).toBe('E_ID_TAKEN');
    const replace = token({ agentId: 'ada', replace: true });
    expect(await ask(1, { agentKey: keyB, enrolmentToken: replace })).toBe('token');
    expect(await ask(0)).toBe('E_ID_TAKEN');
    for (const agentId of ['b', 'c', 'd']) expect(await ask(0, { agentId })).toBe('open');
    expect(await ask(1, { agentId: 'e' })).toBe('E_BUSY');
  });

  it('A6: a ban counts on every node at once, and the list tells it', async () => {
    await ask(0);
    await ask(0, { agentId: 'bob' });
    await nodes[0].store.agents.setBanned('ada', true);
    expect(await ask(1)).toBe('E_BANNED');
    const first = await nodes[1].store.agents.list({ after: undefined, limit: 1 });
    expect(first).toMatchObject({ items: [{ agentId: 'ada', by: 'open', isBanned: true }], next: 'ada' });
    expect(await nodes[1].store.agents.list({ after: first.next, limit: 1 })).toMatchObject({
      items: [{ agentId: 'bob', isBanned: false }],
      next: undefined,
    });
    await nodes[1].store.agents.setBanned('ada', false);
    expect(await ask(0)).toBe('known');
  });

  it('A16: all nodes have one key of resume tokens', async () => {
    const keys = await Promise.all(nodes.map(({ store }) => store.agents.resumeKey()));
    expect(keys[0]).toHaveLength(32);
    expect(keys[1]).toEqual(keys[0]);
  });

  it('M3: while Redis is away nobody is admitted, and nobody waits for ever', async () => {
    await server.kill();
    const startedAt = performance.now();
    await expect(ask(0)).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    await server.startAgain();
  });
});
