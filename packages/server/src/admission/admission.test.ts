import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { IdentityKeys, portableCrypto } from '@sealane/shared/crypto';
import { parseEnrolmentToken } from '@sealane/shared/documents';
import { seededRandom } from '@sealane/shared/testing';
import type { EnrolmentPolicy } from '../config/index.ts';
import { Admission, type Applicant } from './admission.ts';
import { AgentRegistry } from './agent-registry.ts';
import { issueEnrolmentToken, type TokenRequest } from './enrolment-tokens.ts';

const random = seededRandom(5);
const server = new IdentityKeys(portableCrypto, random(32));
const keyA = random(32);
const keyB = random(32);
let directory = '';
let file = '';
let now = 1_000_000;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sealane-admission-'));
  file = join(directory, 'agents.jsonl');
  now = 1_000_000;
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function admissionOf(policy: EnrolmentPolicy, registry = new AgentRegistry(file, { nowSeconds: now })): Admission {
  const tokenKeys = () => [server.signingPublicKey];
  return new Admission({ policy, registry, crypto: portableCrypto, tokenKeys, agentsMax: 5, nowSeconds: () => now });
}

function token(request: Partial<TokenRequest> = {}, signer = server): Uint8Array {
  const full = { replace: false, expiresInSeconds: 60, ...request };
  return parseEnrolmentToken(issueEnrolmentToken(signer, full, { random, nowSeconds: now }).text)!.bytes;
}

function applicant(fields: Partial<Applicant> = {}): Applicant {
  return { agentId: 'ada', instance: 'main', agentKey: keyA, enrolmentToken: null, isLoopback: false, ...fields };
}

/** `known`, how it enrolled, or the code. */
async function result(admission: Admission, fields: Partial<Applicant> = {}): Promise<string> {
  const verdict = await admission.decide(applicant(fields));
  if (!verdict.admitted) return verdict.code;
  await verdict.durable;
  return verdict.enrolledBy ?? 'known';
}

describe('admission of unknown agents', () => {
  it.each([
    ['loopback', true, 'loopback'],
    ['loopback', false, 'E_UNKNOWN_AGENT'],
    ['token', true, 'E_UNKNOWN_AGENT'],
    ['token', false, 'E_UNKNOWN_AGENT'],
    ['open', false, 'open'],
    ['closed', true, 'E_UNKNOWN_AGENT'],
  ] as const)('B5: policy %s, loopback %s: %s', async (policy, isLoopback, expected) => {
    expect(await result(admissionOf(policy), { isLoopback })).toBe(expected);
  });

  it('B5: a token admits under loopback and token, not under closed', async () => {
    expect(await result(admissionOf('closed'), { enrolmentToken: token() })).toBe('E_UNKNOWN_AGENT');
    expect(await result(admissionOf('token'), { enrolmentToken: token() })).toBe('token');
    expect(await result(admissionOf('loopback'), { agentId: 'bob', enrolmentToken: token() })).toBe('token');
  });

  it('rule 2: stops at the most agents that may be enrolled', async () => {
    const admission = admissionOf('open');
    for (let index = 0; index < 5; index++) expect(await result(admission, { agentId: `a${index}` })).toBe('open');
    expect(await result(admission, { agentId: 'a5' })).toBe('E_BUSY');
    expect(await result(admission, { agentId: 'a0' })).toBe('known');
  });

  it.each(['', ' ', 'a b', '../x', '-a', 'a\n', 'a\u0000', '\u202ea', 'a*', '>'])(
    'D8: refuses the id %j',
    async (agentId) => {
      expect(await result(admissionOf('open'), { agentId })).toBe('E_MALFORMED');
      expect(await result(admissionOf('open'), { instance: agentId })).toBe('E_MALFORMED');
    },
  );
});

describe('admission of known agents', () => {
  it('2.2.1: an id belongs to the key that enrolled it, also after a restart', async () => {
    expect(await result(admissionOf('open'))).toBe('open');
    expect(await result(admissionOf('open'), { agentKey: keyB })).toBe('E_ID_TAKEN');
    expect(await result(admissionOf('closed'))).toBe('known');
    expect(await result(admissionOf('closed'), { agentKey: keyB })).toBe('E_ID_TAKEN');
  });

  it('two at once for one id: one gets it', async () => {
    const admission = admissionOf('open');
    const both = await Promise.all([result(admission), result(admission, { agentKey: keyB })]);
    expect(both).toEqual(['open', 'E_ID_TAKEN']);
  });

  it('a plain token does not take an id away; one with --replace does, and the old key is out', async () => {
    const admission = admissionOf('open');
    await result(admission);
    expect(await result(admission, { agentKey: keyB, enrolmentToken: token({ agentId: 'ada' }) })).toBe('E_ID_TAKEN');
    const replace = token({ agentId: 'ada', replace: true });
    expect(await result(admission, { agentKey: keyB, enrolmentToken: replace })).toBe('token');
    expect(await result(admission)).toBe('E_ID_TAKEN');
    expect(await result(admission, { enrolmentToken: replace })).toBe('E_TOKEN_USED');
    expect(await result(admissionOf('closed'), { agentKey: keyB })).toBe('known');
  });
});

describe('bans', () => {
  it('A6: who is banned does not get in, known or not, also after a restart, until the ban is lifted', async () => {
    const registry = new AgentRegistry(file, { nowSeconds: now });
    const admission = admissionOf('open', registry);
    await result(admission);
    await registry.setBanned('ada', true);
    await registry.setBanned('eve', true);
    expect(await result(admission)).toBe('E_BANNED');
    expect(await result(admission, { agentId: 'eve' })).toBe('E_BANNED');
    await registry.close();
    const later = new AgentRegistry(file, { nowSeconds: now });
    expect(await result(admissionOf('open', later), { enrolmentToken: token() })).toBe('E_BANNED');
    await later.setBanned('ada', false);
    expect(await result(admissionOf('open', later))).toBe('known');
  });

  it('a forgotten id is free, and pages of agents are complete', async () => {
    const registry = new AgentRegistry(file, { nowSeconds: now });
    const admission = admissionOf('open', registry);
    for (const agentId of ['c', 'a', 'b']) await result(admission, { agentId });
    expect(await registry.forget('b')).toBe(true);
    expect(await registry.forget('b')).toBe(false);
    expect(await result(admission, { agentId: 'b', agentKey: keyB })).toBe('open');
    await registry.setBanned('c', true);
    await registry.close();
    const later = new AgentRegistry(file, { nowSeconds: now });
    const first = await later.list({ after: undefined, limit: 2 });
    expect(first.items.map(({ agentId }) => agentId)).toEqual(['a', 'b']);
    const second = await later.list({ after: first.next, limit: 2 });
    expect(second).toMatchObject({ items: [{ agentId: 'c', isBanned: true }], next: undefined });
  });
});

describe('tokens', () => {
  it('work once, also after a restart, and the one who used it may repeat itself', async () => {
    const once = token();
    expect(await result(admissionOf('token'), { enrolmentToken: once })).toBe('token');
    const restarted = admissionOf('token');
    expect(await result(restarted, { agentId: 'bob', agentKey: keyB, enrolmentToken: once })).toBe('E_TOKEN_USED');
    expect(await result(restarted, { enrolmentToken: once })).toBe('known');
  });

  it('two at once with one token: one gets in', async () => {
    const admission = admissionOf('token');
    const once = token();
    const both = await Promise.all([
      result(admission, { agentId: 'a', enrolmentToken: once }),
      result(admission, { agentId: 'b', agentKey: keyB, enrolmentToken: once }),
    ]);
    expect(both).toEqual(['token', 'E_TOKEN_USED']);
  });

  it('the redemption is on the disk before the verdict is final', async () => {
    const verdict = admissionOf('token').decide(applicant({ enrolmentToken: token() }));
    if (verdict instanceof Promise) throw new Error('a registry answers at once');
    expect(verdict).toMatchObject({ admitted: true, durable: expect.any(Promise) });
    expect(readFileSync(file, 'utf8')).toBe('');
    if (verdict.admitted) await verdict.durable;
    expect(readFileSync(file, 'utf8')).toMatch(/"tokenId":"[0-9a-f]{32}"/);
  });

  it('expire, are bound to an id, and to this server', async () => {
    const admission = admissionOf('token');
    const bound = token({ agentId: 'bob' });
    expect(await result(admission, { enrolmentToken: bound })).toBe('E_TOKEN_INVALID');
    const late = token();
    now += 60;
    expect(await result(admission, { enrolmentToken: late })).toBe('E_TOKEN_EXPIRED');
    const foreign = token({}, new IdentityKeys(portableCrypto, random(32)));
    expect(await result(admission, { enrolmentToken: foreign })).toBe('E_TOKEN_INVALID');
    expect(await result(admission, { enrolmentToken: Uint8Array.of(1, 2, 3) })).toBe('E_TOKEN_INVALID');
    const changed = Uint8Array.from(token());
    changed[60]! ^= 1;
    expect(await result(admission, { enrolmentToken: changed })).toBe('E_TOKEN_INVALID');
  });

  it('O3: a clock set back does not revive a redeemed token that compaction could forget', async () => {
    const once = token();
    await result(admissionOf('token'), { enrolmentToken: once });
    now += 86_400;
    admissionOf('token');
    now -= 86_400;
    expect(await result(admissionOf('token'), { agentId: 'bob', agentKey: keyB, enrolmentToken: once })).toBe(
      'E_TOKEN_USED',
    );
  });
});
